// Package transporttest checks that a [transport.Transport] keeps the rules that a Watcher relies
// on. The author of a Transport writes
//
//	func TestBuilds(t *testing.T) {
//		transporttest.Run(t, func(t testing.TB) transporttest.Subject {
//			db := newTestDB(t)
//			return transporttest.Subject{
//				Transport: Builds{db},
//				Jobs:      map[string]transport.State{"1": transport.Running, "2": transport.Completed},
//				Unknown:   "3",
//			}
//		})
//	}
//
// and runs it with -race, because only that shows some faults of concurrent use.
package transporttest

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/iamber12/job-status-monitoring/transport"
)

// Subject is a Transport to check, together with what its service knows. The jobs of the service
// must not change during the check.
type Subject struct {
	// Transport is the Transport to check. If it is an [io.Closer], it is closed after the check.
	Transport transport.Transport
	// Jobs are at least two jobs of the service, by id, with their states. At least two states differ:
	// otherwise, a Transport that reports the same state of every job would pass. One should be
	// Failed.
	Jobs map[string]transport.State
	// Unknown is an id that no job has. If it is empty, the rules about unknown jobs are not checked.
	Unknown string
	// Silent is the id of a job about which the service never answers. If it is empty, the rules about
	// such a request are not checked.
	Silent string
}

// patience is how long a call may take that should return at once, on the real clock.
var patience = 5 * time.Second // shorter in the tests of this package

// rule is one thing that a Watcher relies on.
type rule struct {
	name  string
	check func(s Subject) error
	why   string // what to do
}

var rules = []rule{
	{"tells states", tellsStates, "Status returns the job's id, as it was given, and its state; Progress is from 0 to 1."},
	{"repeats itself", repeatsItself, "Status must ask the service each time and change nothing. Two calls about an unchanged job must return the same."},
	{"owns nothing it returned", ownsNothing, "A Status belongs to the caller. Copy Result from buffers and caches."},
	{"knows no unknown job", knowsNoUnknown, "Return a *transport.Error of class NotFound for a job that the service does not know."},
	{"refuses bad ids", refusesBadIDs, "Call transport.CheckID first, and return its error in a *transport.Error of class Permanent."},
	{"escapes ids", escapesIDs, "Escape the id, so that no id can name another job."},
	{"returns when its context ends", returnsAtEnd, "Pass ctx to everything that waits, and return its cause. Wait with transport.HostOf(ctx).Sleep."},
	{"asks for nothing in an ended context", asksNothing, "Check ctx.Err() before the request, and return context.Cause(ctx)."},
	{"bears concurrent use", bearsConcurrency, "Guard what the calls share. Many goroutines use a Transport at once."},
	{"returns proper errors", returnsProperErrors, "Return a plain nil if there is no error, never a nil *transport.Error as an error."},
	{"batches as it asks alone", batchesAlike, "StatusBatch must answer about each job as Status does, and take as many jobs as MaxBatch and Fit allow."},
	{"finds no unknown job in a batch", batchesNoUnknown, "StatusBatch must leave out a job that the service does not know, or answer with an error of class NotFound."},
	{"says when nothing is new", saysNothingNew, "StatusSince must return last if nothing has changed, and otherwise what Status returns."},
	{"holds a request until its context ends", holdsRequests, "Hold must return what Status returns once about d has passed. It must return an error soon after its context ends."},
	{"listens until its context ends", listensUntilTheEnd, "Notify must return soon after its context ends, and must not call notify after that. Each Status but the zero Status needs an ID."},
	{"cancels and fetches what there is", cancelsKnown, "Cancel and Fetch must return an error for an unknown job, and must not panic."},
	{"leaves nothing behind", leavesNothing, "End each goroutine before Status returns, or in Close. The context may end much later: " +
		"also stop each context.AfterFunc, and cancel each context that Status has made."},
}

// Run checks the Transport of the Subjects that factory makes. Each rule is a subtest with a
// Subject of its own. The message of a failure says what to do. A Subject that
// cannot be checked, such as one without a Transport, fails t before any rule is checked.
func Run(t *testing.T, factory func(t testing.TB) Subject) {
	t.Helper()
	if err := factory(t).lacks(); err != nil {
		t.Error(err)
		return
	}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			if err := r.run(factory(t)); err != nil {
				t.Errorf("%v\n%s", err, r.why)
			}
		})
	}
}

// Check returns the failures that [Run] would report, joined, or nil. Each error names its rule and
// says what to do. Cleanup functions that factory registers run when t ends.
func Check(t testing.TB, factory func(t testing.TB) Subject) error {
	t.Helper()
	if err := factory(t).lacks(); err != nil {
		return err
	}
	var errs []error
	for _, r := range rules {
		if err := r.run(factory(t)); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w: %s", r.name, err, r.why))
		}
	}
	return errors.Join(errs...)
}

// lacks returns what is missing for a check, or nil. It closes the Transport.
func (s Subject) lacks() error {
	var errs []error
	if s.Transport == nil {
		errs = append(errs, errors.New("the Subject has no Transport"))
	}
	if len(s.Jobs) < 2 {
		errs = append(errs, fmt.Errorf("the Subject has fewer than two Jobs: %d", len(s.Jobs)))
	}
	states := map[transport.State]bool{}
	for _, state := range s.Jobs {
		states[state] = true
	}
	if len(s.Jobs) > 1 && len(states) == 1 {
		errs = append(errs, errors.New("all Jobs of the Subject have the same state: name jobs of different states"))
	}
	for field, id := range map[string]string{"Unknown": s.Unknown, "Silent": s.Silent} {
		if _, is := s.Jobs[id]; is && id != "" {
			errs = append(errs, fmt.Errorf("the Subject's %s, %q, is one of its Jobs: name another id", field, id))
		}
	}
	if err := s.close(); err != nil {
		errs = append(errs, fmt.Errorf("%w: close what the Transport waits for", err))
	}
	return errors.Join(errs...)
}

// close closes the Transport. It returns an error only if that takes too long.
func (s Subject) close() error {
	c, ok := s.Transport.(io.Closer)
	if !ok {
		return nil
	}
	if _, err := within(patience, "the method Close", func() (any, error) { return nil, c.Close() }); errors.Is(err, errSlow) {
		return err
	}
	return nil
}

// run checks one rule. A panic is an error.
func (r *rule) run(s Subject) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("it panics: %v", v)
		}
		_ = s.close()
	}()
	return r.check(s)
}
