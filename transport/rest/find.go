package rest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/jsonscan"
	"github.com/iamber12/job-status-monitoring/internal/place"
	"github.com/iamber12/job-status-monitoring/internal/template"
	"github.com/iamber12/job-status-monitoring/transport"
)

// finder is a compiled Find.
type finder struct {
	call     *form
	list, id *place.Set
	byKey    bool
	busy     atomic.Bool // whether a create is between its first look and its last
}

const (
	// findAttempts is the maximum number of Calls after a create. findWait is the wait before the
	// second of them; it doubles each time.
	findAttempts = 6
	findWait     = 500 * time.Millisecond
	// sureWait is the longest wait before the list is requested once more after one new job was found.
	sureWait = time.Second
)

func newFinder(base *url.URL, allow []*url.URL, d Dialect) (*finder, error) {
	f := &finder{}
	var err error
	if f.call, err = newForm(base, allow, d.Find.Call, d.Header, false, template.Key); err != nil {
		return nil, err
	}
	list, err := place.Parse(d.Find.List)
	if err != nil {
		return nil, fmt.Errorf("field List: %w", err)
	}
	id, err := place.Parse(d.Find.ID)
	if err != nil {
		return nil, fmt.Errorf("field ID: %w", err)
	}
	f.byKey = f.call.Needs(template.Key) || id.HasHole() || list.HasHole()
	if f.list, err = place.NewSet([]place.Place{list}, 0); err == nil {
		f.id, err = place.NewSet([]place.Place{id}, 0)
	}
	return f, err
}

var errTwoJobs = errors.New("more than one job is new, and the create's answer names none of them: let Find tell them apart by {key}")

// turnWait is the wait before a create looks again whether it is its turn.
const turnWait = 100 * time.Millisecond

// begin returns the ids of the jobs before a create, and a function to call when its job is found.
// Creates of one Client take turns, because each would find the jobs of the others. With a key they
// need not.
func (f *finder) begin(ctx context.Context, c *Client, key string) (before []string, end func(), err error) {
	if f.byKey {
		return nil, func() {}, nil
	}
	for !f.busy.CompareAndSwap(false, true) {
		if err := transport.HostOf(ctx).Sleep(ctx, turnWait); err != nil {
			return nil, nil, err
		}
	}
	defer func() {
		if end == nil { // also after a panic
			f.busy.Store(false)
		}
	}()
	if before, err = f.ids(ctx, c, key); err != nil {
		return nil, nil, err
	}
	return before, func() { f.busy.Store(false) }, nil
}

// ids returns the ids of the jobs of the service, in the order of the answer.
func (f *finder) ids(ctx context.Context, c *Client, key string) (ids []string, err error) {
	k, err := c.begin(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer k.end(&c.calls)
	if err := k.ask(f.call, &template.Vars{Key: key}); err != nil {
		return nil, err
	}
	k.wire.Terms.Repeatable = true
	err = k.do(ctx, func(a *answer) error {
		if t := f.call.faults; t != nil {
			if o := t.find(a.places(key)); o.Fits {
				return a.faulty(o)
			}
		}
		if a.Answer.Code/100 != 2 {
			return a.Refused()
		}
		if ids, err = f.read(a.places(key)); err != nil {
			return a.Unread(err)
		}
		return nil
	})
	return ids, err
}

// read returns the ids in an answer.
func (f *finder) read(a place.Answer) (ids []string, err error) {
	var list, id place.Found
	if err := f.list.Find(&a, &list); err != nil {
		return nil, err
	}
	for _, item := range jsonscan.Items(list.Values[0]) {
		a.Body = item
		if f.id.Find(&a, &id) != nil {
			continue
		}
		if v := place.Value(id.Values[0]); v.Kind() == place.Word || v.Kind() == place.Number {
			ids = append(ids, v.Text())
		}
	}
	return ids, nil
}

// job looks for the job that a create has started. The argument before has the ids of the jobs
// before the create. The job runs by now, so a transient error ends nothing.
//
// A job of another caller may be in the list before this one is. So without a key, the list is
// requested once more after one new job was found in it.
func (f *finder) job(ctx context.Context, c *Client, key string, before []string) (string, error) {
	known := map[string]bool{}
	for _, id := range before {
		known[id] = true
	}
	found, wait := "", findWait
	var problem error
	for n := range findAttempts {
		if n > 0 {
			pause := max(wait, waitOf(problem))
			if found != "" {
				pause = min(wait, sureWait)
			}
			if err := transport.HostOf(ctx).Sleep(ctx, pause); err != nil {
				problem = err
				break
			}
			wait *= 2
		}
		var ids []string
		if ids, problem = f.ids(ctx, c, key); problem != nil && !mayPass(problem) {
			break
		}
		fresh := unknown(ids, known)
		switch {
		case len(fresh) > 0 && f.byKey:
			return fresh[0], transport.CheckID(fresh[0])
		case len(fresh) > 1 || len(fresh) == 1 && found != "":
			return "", &transport.Error{Class: transport.Permanent, Err: fmt.Errorf("rest: %w", errTwoJobs)}
		case found != "":
			return found, nil
		case len(fresh) == 1:
			if found, problem = fresh[0], transport.CheckID(fresh[0]); problem != nil {
				return found, problem
			}
		}
	}
	switch {
	case found != "":
		return found, nil
	case problem != nil:
		return "", fmt.Errorf("rest: the service has accepted the create, but the job was not found (Dialect.Find): %w", problem)
	default:
		return "", &transport.Error{Class: transport.Permanent, Err: fmt.Errorf("rest: %w that the create has started was found (Dialect.Find)", errNoJob)}
	}
}

// unknown returns the ids that are not known, and makes them known.
func unknown(ids []string, known map[string]bool) (fresh []string) {
	for _, id := range ids {
		if !known[id] {
			known[id] = true
			fresh = append(fresh, id)
		}
	}
	return fresh
}

// mayPass reports whether a later request may be answered although this one failed with err.
func mayPass(err error) bool {
	var e *transport.Error
	if !errors.As(err, &e) || e == nil {
		return false
	}
	switch e.Class {
	case transport.Transient, transport.Throttled, transport.Malformed, transport.NotFound:
		return true
	default:
		return false
	}
}

// waitOf returns the wait that an error names, or 0.
func waitOf(err error) time.Duration {
	var e *transport.Error
	if !errors.As(err, &e) || e == nil {
		return 0
	}
	return max(e.RetryAfter, 0)
}

var errNoJob = errors.New("no job")
