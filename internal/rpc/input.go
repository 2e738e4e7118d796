package rpc

import (
	"fmt"
	"reflect"
)

// Input returns the Input of a request, which must be a T or a *T. A nil *T is the zero T.
func Input[T any](input any) (T, error) {
	switch in := input.(type) {
	case T:
		return in, nil
	case *T:
		if in != nil {
			return *in, nil
		}
		return *new(T), nil
	default:
		return *new(T), fmt.Errorf("the input is a %T, and must be a %s", input, reflect.TypeFor[T]().Name())
	}
}
