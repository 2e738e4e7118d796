package problems

import (
	"fmt"
	"reflect"
)

// maxWrapped is the maximum number of errors that one error may wrap. For an error that wraps
// itself, the functions of package errors never return.
const maxWrapped = 100_000

// OfError returns what is wrong with the error of a plugin, or "" if package errors can look at it.
// The error may hold a nil pointer, because its author meant to return nil, or wrap itself. It may
// not wrap more than 100,000 others. OfError calls methods of err, which may panic.
func OfError(err error) string {
	switch v := reflect.ValueOf(err); {
	case err == nil:
		return ""
	case v.Kind() == reflect.Pointer && v.IsNil():
		return fmt.Sprintf("the error is a nil %T: return a plain nil instead", err)
	case unwrap(err, maxWrapped) == 0:
		return fmt.Sprintf("a %T wraps itself, or more than %d errors", err, maxWrapped)
	default:
		return ""
	}
}

// unwrap visits err and the errors that it wraps, at most left errors in all. It returns how many
// further errors it could have visited.
func unwrap(err error, left int) int {
	for err != nil && left > 0 {
		left--
		switch e := err.(type) { //nolint:errorlint // the chain itself is walked
		case interface{ Unwrap() error }:
			err = e.Unwrap()
		case interface{ Unwrap() []error }:
			for _, inner := range e.Unwrap() {
				left = unwrap(inner, left)
			}
			return left
		default:
			return left
		}
	}
	return left
}
