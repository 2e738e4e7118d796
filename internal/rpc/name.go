package rpc

import "fmt"

// Name returns the name of a value of an enumeration. A value without a name is printed as a number
// behind the kind, such as "form(7)".
func Name[T ~uint8](kind string, value T, names ...string) string {
	if int(value) < len(names) {
		return names[value]
	}
	return fmt.Sprintf("%s(%d)", kind, uint8(value))
}
