package fault

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/iamber12/job-status-monitoring/mock/internal/trouble"
)

// When selects the requests to which a [github.com/iamber12/job-status-monitoring/mock.Fault]
// applies. By default these are requests for the status of one job, or of many in a batch.
// [When.OfCreate], [When.OfCancel] and [When.OfPush] select others.
type When struct {
	rule trouble.Rule
	err  error
}

// Rule returns the rule of w. It returns an error if an argument of w is impossible. It is for
// package mock.
func (w When) Rule() (trouble.Rule, error) { return w.rule, w.err }

func when(valid bool, problem string, holds func(m *trouble.Moment) bool) When {
	w := When{rule: trouble.Rule{Limits: []func(*trouble.Moment) bool{holds}}}
	if !valid {
		w.err = errors.New(problem)
	}
	return w
}

// Always selects every request.
func Always() When { return When{} }

// Nth selects requests by their numbers, counted from 1.
func Nth(n ...int) When {
	at := map[int]bool{}
	valid := len(n) > 0
	for _, n := range n {
		at[n] = true
		valid = valid && n > 0
	}
	return when(valid, fmt.Sprintf("Nth(%v): calls count from 1", n), func(m *trouble.Moment) bool { return at[m.N] })
}

// First selects the first n requests.
func First(n int) When {
	return when(n > 0, fmt.Sprintf("First(%d): must be above zero", n), func(m *trouble.Moment) bool { return m.N <= n })
}

// Share selects a share of the requests at random. The share is from 0 to 1. The choice depends on
// the seed, the job's id and the number of its polls, so every run selects the same requests. For a
// batch the first job decides.
func Share(share float64) When {
	return when(share >= 0 && share <= 1, fmt.Sprintf("Share(%v): must be from 0 to 1", share),
		func(m *trouble.Moment) bool { return m.Random < share })
}

// Between selects the requests from one time up to another. Both times count from when the service
// was made, on its clock.
func Between(from, to time.Duration) When {
	return when(from >= 0 && from < to, fmt.Sprintf("Between(%v, %v): must be in this order, and not negative", from, to),
		func(m *trouble.Moment) bool { return m.Now >= from && m.Now < to })
}

// Young selects the requests about a job that is younger than age, and batches with such a job.
func Young(age time.Duration) When {
	return when(age > 0, fmt.Sprintf("Young(%v): must be above zero", age),
		func(m *trouble.Moment) bool {
			return slices.ContainsFunc(m.Ages, func(d time.Duration) bool { return d < age })
		})
}

// Without selects the requests in which a header is missing or has another value.
func Without(header, value string) When {
	return when(header != "", "Without a header's name", func(m *trouble.Moment) bool { return m.Header.Get(header) != value })
}

// Of restricts w to the requests about one job, including batches that name it. [Nth] and [First]
// then count only those requests.
func (w When) Of(id string) When { w.rule.ID = id; return w }

// OfCreate makes w select among the requests that create a job.
func (w When) OfCreate() When { w.rule.Operation = trouble.Create; return w }

// OfCancel makes w select among the requests that cancel a job.
func (w When) OfCancel() When { w.rule.Operation = trouble.Cancel; return w }

// OfPush makes w select among the pushes: the changes of jobs that the service sends as webhooks
// and in a stream. A change counts once for all webhooks and the stream together. Only the effects
// [Lost], [Doubled], [Forged], [Latency] and [Reset] apply to a push.
func (w When) OfPush() When { w.rule.Operation = trouble.Unasked; return w }

// And restricts w to the requests that also meet the conditions of other. It does not use the Of,
// OfCreate, OfCancel and OfPush of other: only w decides which requests are meant and counted.
func (w When) And(other When) When {
	w.rule.Limits = append(slices.Clip(w.rule.Limits), other.rule.Limits...)
	w.err = errors.Join(w.err, other.err)
	return w
}
