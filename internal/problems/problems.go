// Package problems collects the problems with options, so that all are reported at once.
package problems

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
)

// Unlimited removes a limit.
const Unlimited = instant.Unlimited

// List is a list of problems with options. The zero List is empty.
type List []error

// Problem adds a problem.
func (l *List) Problem(format string, args ...any) {
	*l = append(*l, fmt.Errorf(format, args...))
}

// Err joins the problems. Each is on its own line, which begins with the name of the library. It
// returns nil if there are no problems.
func (l List) Err() error {
	named := make([]error, len(l))
	for i, err := range l {
		named[i] = fmt.Errorf("jobstatus: %w", err)
	}
	return errors.Join(named...)
}

// NotNil adds a problem if v holds a nil pointer or the like, because its first use would panic.
func (l *List) NotNil(name string, v any) {
	if v != nil && IsNil(v) {
		l.Problem("%s: a nil %T", name, v)
	}
}

// Limit returns v. It returns the argument otherwise if v is zero or refused.
func Limit[T int | time.Duration](l *List, name string, v, otherwise T) T {
	switch {
	case v == 0:
		return otherwise
	case v < 0 && v != Unlimited:
		l.Problem("%s(%v): must not be negative; Unlimited lifts the limit", name, v)
		return otherwise
	default:
		return v
	}
}

// Count is like [Limit], for a number. Here -1 means Unlimited too, as in many packages.
func Count(l *List, name string, n, otherwise int) int {
	if n == -1 {
		return Unlimited
	}
	return Limit(l, name, n, otherwise)
}

// Positive returns v, or zero if v is refused.
func Positive[T int | time.Duration](l *List, name string, v T) T {
	switch {
	case v == Unlimited:
		l.Problem("%s(Unlimited): Unlimited is for timeouts and attempts only", name)
		return 0
	case v < 0:
		l.Problem("%s(%v): must not be negative", name, v)
		return 0
	default:
		return v
	}
}

// Rate reports whether a rate limit is valid. Both arguments are zero, for no limit, or the rate is
// finite and above zero, and the burst is not negative.
func Rate(l *List, name string, perSecond float64, burst int) bool {
	switch {
	case perSecond == 0 && burst == 0, perSecond > 0 && !math.IsInf(perSecond, 1) && burst >= 0:
		return true
	default:
		l.Problem("%s(%v, %d): the rate must be above zero and finite, the burst not negative", name, perSecond, burst)
		return false
	}
}

// IsNil reports whether v holds a nil pointer, function, map, slice or channel. The interface v
// itself must not be nil.
func IsNil(v any) bool {
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Slice, reflect.Chan:
		return r.IsNil()
	default:
		return false
	}
}

// Apply applies options to c in their order. A nil option is a problem. The argument what names the
// kind of option in it.
func Apply[C any, O ~func(*C)](l *List, what string, c *C, opts []O) {
	for i, opt := range opts {
		if opt == nil {
			l.Problem("%s %d is nil", what, i)
			continue
		}
		opt(c)
	}
}
