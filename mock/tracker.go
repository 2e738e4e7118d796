package mock

import (
	"context"

	"github.com/iamber12/job-status-monitoring/internal/wait"
)

// tracker receives the reports of the library about its work, its callers, its requests and their
// contexts.
type tracker struct {
	*tally
	*lookout
	clock *Clock
}

var (
	_ wait.Peer           = (*tracker)(nil)
	_ wait.ContextChecker = (*tracker)(nil)
)

// CheckContext fails the test, and returns an error, if ctx has a deadline of another clock. It is
// for this library's own code.
func (t *tracker) CheckContext(ctx context.Context) error {
	c := t.clock
	end, ok := ctx.Deadline()
	if !ok {
		return nil
	}
	for d, mine := ctx.Value(deadlineKey{}).(deadline); mine; d, mine = d.Context.Value(deadlineKey{}).(deadline) {
		if d.clock == c && d.at.Equal(end) {
			return nil
		}
	}
	c.t.Helper()
	c.t.Errorf("mock: %v", errForeignDeadline)
	return errForeignDeadline
}
