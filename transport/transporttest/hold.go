package transporttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/iamber12/job-status-monitoring/transport"
)

// hold asks to hold a request, within patience after its length.
func (s Subject) hold(ctx context.Context, last transport.Status, d time.Duration) (transport.Status, error) {
	most := patience
	if ctx.Err() == nil && ctx.Done() == nil {
		most += d
	}
	what := fmt.Sprintf("Hold(%q) for %v", last.ID, d)
	st, err := within(most, what, func() (transport.Status, error) {
		return s.Transport.(transport.Holder).Hold(ctx, last.ID, last, d)
	})
	if err != nil && !errors.Is(err, errSlow) {
		err = fmt.Errorf("%s: %w", what, err)
	}
	return st, err
}

func holdsRequests(s Subject) error {
	if _, ok := s.Transport.(transport.Holder); !ok {
		return nil
	}
	id, ok := s.running()
	if !ok {
		return nil
	}
	last, err := s.status(context.Background(), id)
	if err != nil {
		return err
	}
	st, err := s.hold(context.Background(), last, time.Second)
	switch {
	case errors.Is(err, errSlow):
		return err
	case err != nil:
		return nil // a Watcher polls this job
	case st.State == transport.Unknown && st.Raw == "": // nothing is new
	case st.ID != id:
		return fmt.Errorf("Hold(%q) has the ID %q", id, st.ID)
	case st.State != s.Jobs[id]:
		return fmt.Errorf("Hold(%q) is %v, not %v", id, st.State, s.Jobs[id])
	case odd(st) != "":
		return fmt.Errorf("Hold(%q) %s", id, odd(st))
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := time.AfterFunc(50*time.Millisecond, func() { cancel(errGone) })
	defer stop.Stop()
	defer cancel(nil)
	if _, err := s.hold(ctx, last, time.Hour); errors.Is(err, errSlow) {
		return fmt.Errorf("after its context had ended, %w", err)
	}
	<-ctx.Done() // the service may have answered the hold before that
	if st, err := s.hold(ctx, last, time.Hour); errors.Is(err, errSlow) {
		return err
	} else if err == nil {
		return fmt.Errorf("Hold(%q) is %v, though its context had ended", id, st)
	}
	return nil
}

// running returns the id of a job that has not ended.
func (s Subject) running() (string, bool) {
	ids := s.ids()
	i := slices.IndexFunc(ids, func(id string) bool { return !s.Jobs[id].Terminal() && s.Jobs[id] != transport.Blocked })
	if i < 0 {
		return "", false
	}
	return ids[i], true
}

func listensUntilTheEnd(s Subject) error {
	n, ok := s.Transport.(transport.Notifier)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := time.AfterFunc(100*time.Millisecond, func() { cancel(errGone) })
	defer stop.Stop()
	defer cancel(nil)
	wrong := make(chan error, 1)
	var over atomic.Bool
	_, err := within(patience, "the method Notify, whose context has ended,", func() (any, error) {
		return nil, n.Notify(ctx, func(st transport.Status) {
			var err error
			switch {
			case over.Load():
				err = errors.New("the method Notify has called notify after it returned")
			case st.ID == "" && (st.State != transport.Unknown || st.Raw != ""):
				err = fmt.Errorf("the method Notify has reported that a job without an id is %v", st.State)
			default:
				return
			}
			select {
			case wrong <- err:
			default: // one is reported
			}
		})
	})
	if errors.Is(err, errSlow) {
		return err
	}
	over.Store(true)
	late := time.NewTimer(lateness)
	defer late.Stop()
	select {
	case err := <-wrong:
		return err
	case <-late.C:
		return nil
	}
}

// lateness is how long a check waits for a call of notify that must not come.
const lateness = 50 * time.Millisecond
