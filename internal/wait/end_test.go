package wait_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/iamber12/job-status-monitoring/internal/wait"
)

// broken is a context with the given Done and Err.
type broken struct {
	context.Context
	done chan struct{}
	err  error
}

func (b broken) Done() <-chan struct{} { return b.done }
func (b broken) Err() error            { return b.err }

func TestEveryEndOfAContextHasAnErrAndACause(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{})
	close(closed)
	reason := errors.New("the shift is over")
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(reason)
	odd := errors.New("an Err of its own")
	for name, test := range map[string]struct {
		ctx  context.Context
		want wait.End
	}{
		"never":            {context.Background(), wait.End{}},
		"not yet":          {t.Context(), wait.End{}},
		"with a cause":     {ended, wait.End{Err: context.Canceled, Cause: reason}},
		"without an Err":   {broken{t.Context(), closed, nil}, wait.End{Err: context.Canceled, Cause: context.Canceled}},
		"over another one": {broken{ended, closed, nil}, wait.End{Err: context.Canceled, Cause: reason}},
		"an odd Err":       {broken{t.Context(), closed, odd}, wait.End{Err: odd, Cause: odd}},
	} {
		assert.Equal(t, test.want, wait.EndOf(test.ctx), name)
		assert.Equal(t, test.want.Err, wait.Sound(test.ctx).Err(), name)
		child, cancel := context.WithCancel(wait.Sound(test.ctx))
		if test.want.Err != nil {
			<-child.Done()
			assert.Equal(t, test.want.Err, child.Err(), name)
			assert.Equal(t, test.want.Cause, context.Cause(child), name)
		}
		cancel()
	}
}
