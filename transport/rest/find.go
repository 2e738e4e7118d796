package rest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
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
}

const (
	// findAttempts is the maximum number of Calls after a create. findWait is the wait before the
	// second of them; it doubles each time.
	findAttempts = 6
	findWait     = 500 * time.Millisecond
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
// before the create.
func (f *finder) job(ctx context.Context, c *Client, key string, before []string) (string, error) {
	known := map[string]bool{}
	for _, id := range before {
		known[id] = true
	}
	wait := findWait
	for n := range findAttempts {
		if n > 0 {
			if err := transport.HostOf(ctx).Sleep(ctx, wait); err != nil {
				return "", err
			}
			wait *= 2
		}
		ids, err := f.ids(ctx, c, key)
		if err != nil {
			return "", err
		}
		var fresh []string
		for _, id := range ids {
			if !known[id] {
				known[id] = true
				fresh = append(fresh, id)
			}
		}
		switch {
		case len(fresh) > 1 && !f.byKey:
			return "", &transport.Error{Class: transport.Permanent, Err: fmt.Errorf("rest: %w", errTwoJobs)}
		case len(fresh) > 0:
			return fresh[0], transport.CheckID(fresh[0])
		}
	}
	return "", &transport.Error{Class: transport.Permanent, Err: fmt.Errorf("rest: %w that the create has started was found (Dialect.Find)", errNoJob)}
}

var errNoJob = errors.New("no job")
