package wait

import (
	"cmp"
	"context"
)

// An End is how a context ended: its Err and its Cause. Both are nil while it has not ended.
type End struct{ Err, Cause error }

// EndOf returns how ctx ended. A context of the user may break the rules: if its Done is closed and
// its Err returns nil, it counts as canceled.
func EndOf(ctx context.Context) (e End) {
	if e.Err = errOf(ctx); e.Err != nil {
		e.Cause = context.Cause(Sound(ctx))
	}
	return e
}

func errOf(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return cmp.Or(ctx.Err(), context.Canceled)
	default:
		return nil
	}
}

// Sound returns a copy of ctx whose Err follows [EndOf], so that other contexts can be derived from
// it. Package context panics when the parent of a context has ended without an Err.
func Sound(ctx context.Context) context.Context { return sound{ctx} }

type sound struct{ context.Context }

// Err returns the Err of [EndOf].
func (s sound) Err() error { return errOf(s.Context) }
