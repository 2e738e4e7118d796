package rest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/place"
	"github.com/iamber12/job-status-monitoring/internal/template"
	"github.com/iamber12/job-status-monitoring/transport"
)

// MaxBatch returns the Max of the dialect's Batch, and 0 if it has none.
func (c *Client) MaxBatch() int {
	if c == nil || c.settings == nil || c.batch == nil {
		return 0
	}
	return c.batch.Max
}

// StatusBatch asks about many jobs in one request, as the dialect's [Batch] says. The answers are
// in the order of ids. A job without an item has no answer, and items about other jobs are ignored.
// An answer of 202 or 204 that is not JSON has no items.
//
// A job that got a new id at Dialect.Next is asked about under that id. If a NextDialect applies to
// it now, it has no answer, because a NextDialect has no Batch. If two jobs have the same id now,
// only the first has an answer.
//
// The answer about a job is an error if its item cannot be read, or if two items about it differ.
// It is also an error if Batch.NotFound says that there is no such job, or if [transport.CheckID]
// refuses the id. An item may have the id in another case, if no other id matches it. An id that is
// a number may be written in another notation, such as 42.0.
//
// The error of the whole request is as for [Client.Status], with these differences:
//
//   - Any 5xx is an error, whatever its body says.
//   - 404 is permanent, because it does not say which job was not found. So is a Fault that means
//     [transport.NotFound].
//   - A redirect that was not followed is permanent, because the jobs may still be where they were.
//   - The Dialect's Faults are read only if the answer has no items.
//   - 413, 414 and 431, more ids than MaxBatch, a URL over 8,000 bytes and a body over
//     [WithMaxBody] are errors of class [transport.Oversized].
//   - Ids that the Separator cannot set apart are a permanent error, so that a Watcher asks about
//     them one at a time.
//
// [Client.Fit] returns how many ids fit into one request.
func (c *Client) StatusBatch(ctx context.Context, ids []string) ([]transport.Answer, error) {
	var problem error
	if c.MaxBatch() == 0 {
		problem = errNoBatch
	}
	k, err := c.begin(ctx, problem)
	if err != nil {
		return nil, err
	}
	defer k.end(&c.calls)
	b := k.batch
	if err := k.ask(b.to, &template.Vars{}); err != nil {
		return nil, err
	}
	if len(ids) > b.Max {
		return nil, k.wire.Fail(transport.Oversized, fmt.Errorf("%d jobs at once, at most %d", len(ids), b.Max))
	}
	var answers []transport.Answer
	var fit []string
	for _, id := range ids {
		if err := transport.CheckID(id); err != nil {
			answers = append(answers, refusal(id, &transport.Error{Class: transport.Permanent, Err: fmt.Errorf("rest: %w", err)}))
		} else {
			fit = append(fit, id)
		}
	}
	var told []transport.Answer
	if c.followed.on {
		told, err = k.followed(ctx, &c.followed, fit)
	} else {
		told, err = k.pages(ctx, fit, nil)
	}
	return append(answers, told...), err
}

// followed asks about jobs that may get another id, under the ids that they have now. A job in a
// later stage has no answer, because a NextDialect has no Batch. If two jobs have the same id now,
// only the first has an answer.
func (k *call) followed(ctx context.Context, f *followed, ids []string) (told []transport.Answer, err error) {
	first, next := make(map[string]string, len(ids)), map[string]string{}
	var present []string
	for _, id := range ids {
		at := f.where(id)
		if first[at.id] == "" && at.stage == 0 {
			first[at.id] = id
			present = append(present, at.id)
		}
	}
	told, err = k.pages(ctx, present, next)
	for i := range told {
		a := &told[i]
		at := step{id: a.Status.ID}
		a.Status.ID = first[at.id]
		if id := next[at.id]; id != "" && a.Err == nil {
			if err := k.follow(f, a.Status.ID, at, id); err != nil {
				*a = refusal(a.Status.ID, err)
			}
			a.Status.Revision = "" // it is the revision of another answer than the next
		} else if a.Err == nil && a.Status.State.Terminal() {
			f.end(a.Status.ID)
		}
	}
	return told, err
}

// pages requests the answer to a batch, and its next pages while a job is missing. It adds the next
// ids of jobs to the argument next.
func (k *call) pages(ctx context.Context, ids []string, next map[string]string) (told []transport.Answer, err error) {
	page := ""
	if len(ids) == 0 {
		return nil, nil
	}
	for range maxPages {
		k.answer.next = next
		answers, after, err := k.page(ctx, ids, page)
		switch {
		case err != nil && page != "":
			return told, nil // the missing jobs are asked about alone
		case err != nil:
			return nil, err
		}
		told = append(told, answers...)
		for _, a := range answers {
			if i := slices.Index(ids, a.Status.ID); i >= 0 {
				ids = slices.Delete(slices.Clone(ids), i, i+1)
			}
		}
		if after == "" || after == page || len(ids) == 0 {
			return told, nil
		}
		page = after
		k.reset()
	}
	return told, nil
}

// page requests one page. It also returns the value of Next, which names the next page.
func (k *call) page(ctx context.Context, ids []string, page string) (answers []transport.Answer, next string, err error) {
	if class, err := k.batch.request(k, ids, page); err != nil {
		return nil, "", k.wire.Fail(class, err)
	}
	if err := k.turn(page); err != nil {
		return nil, "", err
	}
	jobs := len(ids)
	if k.batch.lists {
		jobs = maxBatch
	}
	k.answer.batch = k.batch
	k.wire.Terms = exchange.Terms{Seed: ids[0], Repeatable: true, Limit: batchBody(k.MaxBody, jobs)}
	err = k.do(ctx, func(a *answer) (err error) {
		answers, err = batchAnswer{a}.read(ids)
		places := a.places("")
		next = a.batch.nextPage(&places)
		return err
	})
	if err == nil && next != "" && !k.batch.to.Needs(template.Page) {
		if next, err = k.batch.to.Reference(next, k.wire.Answered()); err != nil {
			return answers, "", nil // the missing jobs are asked about alone
		}
	}
	return answers, next, err
}

// turn sets the URL of the request to the URL of a page, if the Path has no {page}.
func (k *call) turn(page string) error {
	if k.batch.to.Needs(template.Page) || page == "" {
		return nil
	}
	to, foreign, err := k.batch.to.Resolve(page)
	if foreign {
		return errors.New("the next page is at another origin")
	}
	k.wire.Request.URL = to
	return err
}

// nextPage returns the value of Next, which names the next page, or "" if there is none.
func (b *batch) nextPage(a *place.Answer) string {
	if b.next == nil {
		return ""
	}
	var found place.Found
	_ = b.next.Find(a, &found)
	if v := place.Value(found.Values[0]); v.IsSaid() && v.Kind() != place.Composite {
		return v.Text()
	}
	return ""
}

// batchBody returns the largest size of the answer to a batch of n jobs. The argument most is the
// largest size of any other answer.
func batchBody(most, n int) int {
	return max(most, min(most+n*(most/batchShare), batchShare*most, largestMaxBody))
}

// refusal returns the answer about a job whose status could not be read.
func refusal(id string, err error) transport.Answer {
	return transport.Answer{Status: transport.Status{ID: id}, Err: err}
}
