package mock

import (
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Fault makes calls go wrong: those that when selects suffer the effects. If a call meets several
// faults, it suffers the effects of each.
//
//	mock.Fault(mock.Nth(3), mock.Code(503), mock.RetryAfter("30"))
//	mock.Fault(mock.Share(0.1), mock.Reset())
//	mock.Fault(mock.Between(time.Minute, 2*time.Minute), mock.Silence())
func Fault(when When, effects ...Effect) Option {
	line := caller()
	return func(c *config) {
		err := when.err
		if len(effects) == 0 {
			err = errors.Join(err, errors.New("it has no effect"))
		}
		for _, e := range effects {
			err = errors.Join(err, e.err)
			if e.set == nil && e.err == nil {
				err = errors.Join(err, errors.New("an effect is zero"))
			}
		}
		if err != nil {
			c.problem("%s: fault: %w", line, err)
			return
		}
		c.faults = append(c.faults, &fault{when: when, effects: effects})
	}
}

type fault struct {
	when    When
	effects []Effect
	met     int // calls of its operation and job, so far
}

// When selects the calls that a [Fault] applies to. By default these are the calls that ask for the
// status of a job, or of many in a batch. [When.OfCreate] and [When.OfCancel] select other calls.
type When struct {
	op     operation // opOther for opStatus
	id     string
	limits []func(m *moment) bool // all hold
	err    error
}

// moment is one call, with what a When looks at.
type moment struct {
	n      int // counted from 1 among the calls of the operation and the job that the When names
	now    time.Duration
	jobs   []*job // that it names, and that there are
	header http.Header
	random float64
}

func when(valid bool, problem string, holds func(m *moment) bool) When {
	w := When{limits: []func(*moment) bool{holds}}
	if !valid {
		w.err = errors.New(problem)
	}
	return w
}

// Always selects every call.
func Always() When { return When{} }

// Nth selects calls by their numbers, counted from 1.
func Nth(n ...int) When {
	at := map[int]bool{}
	valid := len(n) > 0
	for _, n := range n {
		at[n] = true
		valid = valid && n > 0
	}
	return when(valid, fmt.Sprintf("Nth(%v): calls count from 1", n), func(m *moment) bool { return at[m.n] })
}

// First selects the first n calls.
func First(n int) When {
	return when(n > 0, fmt.Sprintf("First(%d): must be above zero", n), func(m *moment) bool { return m.n <= n })
}

// Share selects a share of the calls, from 0 to 1. The draw depends on the seed, the job's id and
// the number of its polls, so every run selects the same calls. For a batch the first job decides.
func Share(share float64) When {
	return when(share >= 0 && share <= 1, fmt.Sprintf("Share(%v): must be from 0 to 1", share),
		func(m *moment) bool { return m.random < share })
}

// Between selects the calls from one time up to another, both since the service was made and on its
// clock.
func Between(from, to time.Duration) When {
	return when(from >= 0 && from < to, fmt.Sprintf("Between(%v, %v): must be in this order, and not negative", from, to),
		func(m *moment) bool { return m.now >= from && m.now < to })
}

// Young selects the calls that name a job younger than age, alone or among others.
func Young(age time.Duration) When {
	return when(age > 0, fmt.Sprintf("Young(%v): must be above zero", age),
		func(m *moment) bool {
			return slices.ContainsFunc(m.jobs, func(j *job) bool { return m.now-j.created < age })
		})
}

// Without selects the calls in which a header is missing or has another value.
func Without(header, value string) When {
	return when(header != "", "Without a header's name", func(m *moment) bool { return m.header.Get(header) != value })
}

// Of restricts w to the calls about one job, batches that include it among them. [Nth] and [First]
// then count those calls only.
func (w When) Of(id string) When { w.id = id; return w }

// OfCreate makes w select among the calls that create a job.
func (w When) OfCreate() When { w.op = opCreate; return w }

// OfCancel makes w select among the calls that cancel a job.
func (w When) OfCancel() When { w.op = opCancel; return w }

// And restricts w to calls that other selects too. The kind of call and the count are those of w.
func (w When) And(other When) When {
	w.limits = append(w.limits[:len(w.limits):len(w.limits)], other.limits...)
	w.err = errors.Join(w.err, other.err)
	return w
}

// Effect is something that a [Fault] does to a call.
type Effect struct {
	set func(*trouble)
	err error
}

func effect(valid bool, problem string, set func(*trouble)) Effect {
	if !valid {
		return Effect{err: errors.New(problem)}
	}
	return Effect{set: set}
}

// trouble is the sum of the effects on one call.
type trouble struct {
	answer    *answer // in place of the service's own
	header    http.Header
	body      *string
	retryAt   time.Duration
	dateOff   time.Duration
	latency   time.Duration
	drip      time.Duration
	lag       time.Duration
	back      bool
	silent    bool
	reset     bool
	truncated bool
	huge      int
	bomb      int
	pushTrouble
}

// unreadable reports whether no client can read a status from the answer.
func (t *trouble) unreadable() bool {
	return t.body != nil || t.silent || t.reset || t.truncated || t.huge > 0 || t.bomb > 0
}

// Code answers with a status code and a body. The service does not see the call.
func Code(code int, body ...string) Effect {
	return effect(code >= 200 && code <= 599, fmt.Sprintf("Code(%d): must be from 200 to 599", code),
		func(t *trouble) { t.answer = &answer{code: code, body: strings.Join(body, "")} })
}

// Redirect answers 302 with a Location.
func Redirect(location string) Effect {
	return Effect{set: func(t *trouble) {
		t.answer = &answer{code: http.StatusFound, header: http.Header{"Location": {location}}}
	}}
}

// Header sets a header of the answer, such as a wrong Content-Type.
func Header(name, value string) Effect {
	return effect(name != "", "Header without a name", func(t *trouble) {
		if t.header == nil {
			t.header = http.Header{}
		}
		t.header.Set(name, value)
	})
}

// RetryAfter sends a Retry-After with exactly this value: seconds, a date, or rubbish.
func RetryAfter(value string) Effect { return Header("Retry-After", value) }

// RetryAt sends a Retry-After with a date that is d after the Date of the answer.
func RetryAt(d time.Duration) Effect { return Effect{set: func(t *trouble) { t.retryAt = d }} }

// DateOff sends a Date that is off by d, like a service with a wrong clock.
func DateOff(d time.Duration) Effect { return Effect{set: func(t *trouble) { t.dateOff = d }} }

// Body answers with another body.
func Body(body string) Effect { return Effect{set: func(t *trouble) { t.body = &body }} }

// Truncated answers with the first half of the body, as if it were complete.
func Truncated() Effect { return Effect{set: func(t *trouble) { t.truncated = true }} }

// Huge answers with n bytes of JSON.
func Huge(n int) Effect {
	return effect(n > 0, fmt.Sprintf("Huge(%d): must be above zero", n), func(t *trouble) { t.huge = n })
}

// GzipBomb answers with a compressed body of n bytes, which is a thousandth of that on the wire.
func GzipBomb(n int) Effect {
	return effect(n > 0, fmt.Sprintf("GzipBomb(%d): must be above zero", n), func(t *trouble) { t.bomb = n })
}

// Latency delays the answer by d, on the service's clock.
func Latency(d time.Duration) Effect {
	return effect(d > 0, fmt.Sprintf("Latency(%v): must be above zero", d), func(t *trouble) { t.latency += d })
}

// Drip sends the body a byte at a time, with d between two bytes, on the service's clock.
func Drip(d time.Duration) Effect {
	return effect(d > 0, fmt.Sprintf("Drip(%v): must be above zero", d), func(t *trouble) { t.drip = d })
}

// Reset breaks the connection in the middle of the body.
func Reset() Effect { return Effect{set: func(t *trouble) { t.reset = true }} }

// Silence keeps the connection open and answers nothing.
func Silence() Effect { return Effect{set: func(t *trouble) { t.silent = true }} }

// Lags answers like a replica that is behind: with the status of the job d ago. Steps that are
// counted in polls do not lag.
func Lags(d time.Duration) Effect {
	return effect(d > 0, fmt.Sprintf("Lags(%v): must be above zero", d), func(t *trouble) { t.lag = d })
}

// GoesBack answers with the first status of the job, even if the job has ended.
func GoesBack() Effect { return Effect{set: func(t *trouble) { t.back = true }} }

// meetLocked returns the trouble of a call.
func (k *desk) meetLocked(req *request, now time.Duration) (t trouble) {
	for i, f := range k.faults {
		ids, jobs, ok := k.concernedLocked(f, req)
		if !ok {
			continue
		}
		f.met++
		nth := f.met
		if len(jobs) > 0 {
			nth = int(jobs[0].polls) // so that a job's lot does not depend on when others are asked about
		}
		if req.op == opPush {
			nth = req.revision
		}
		m := moment{n: f.met, now: now, jobs: jobs, header: req.header, random: random(k.seed, ids[0], uint64(i)<<40|1<<39|uint64(nth))}
		if f.befalls(&m) {
			for _, e := range f.effects {
				e.set(&t)
			}
		}
	}
	return t
}

// concernedLocked returns the jobs of a call that a fault is about: their ids, and the jobs that
// exist. It reports false if the fault selects among other calls.
func (k *desk) concernedLocked(f *fault, req *request) (ids []string, jobs []*job, ok bool) {
	op := req.op
	ids = []string{req.id}
	if op == opBatch {
		op, ids = opStatus, req.ids
	}
	if op != cmp.Or(f.when.op, opStatus) || f.when.id != "" && !slices.Contains(ids, f.when.id) {
		return nil, nil, false
	}
	if f.when.id != "" {
		ids = []string{f.when.id}
	}
	for _, id := range ids {
		if j := k.registry.jobs[id]; j != nil {
			jobs = append(jobs, j)
		}
	}
	return ids, jobs, true
}

func (f *fault) befalls(m *moment) bool {
	for _, holds := range f.when.limits {
		if !holds(m) {
			return false
		}
	}
	return true
}

// spoil applies the trouble to an answer. The stream, if not nil, writes the body instead.
func (t *trouble) spoil(a *answer, now time.Time) (stream func(io.Writer)) {
	now = now.Add(t.dateOff).UTC()
	a.header.Set("Date", now.Format(http.TimeFormat))
	if t.retryAt != 0 {
		a.header.Set("Retry-After", now.Add(t.retryAt).Format(http.TimeFormat))
	}
	for name, values := range t.header {
		a.header[name] = values
	}
	if t.body != nil {
		a.body = *t.body
	}
	if t.truncated {
		a.body = a.body[:len(a.body)/2]
	}
	switch {
	case t.bomb > 0:
		a.header.Set("Content-Encoding", "gzip")
		return func(w io.Writer) {
			z := gzip.NewWriter(w)
			_, _ = io.CopyN(z, repeat(' '), int64(t.bomb))
			_ = z.Close()
		}
	case t.huge > 0:
		return func(w io.Writer) {
			_, _ = io.WriteString(w, `"`)
			_, _ = io.CopyN(w, repeat('x'), int64(max(t.huge-2, 0)))
			_, _ = io.WriteString(w, `"`)
		}
	default:
		return nil
	}
}

// repeat reads as one byte without end.
type repeat byte

func (r repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r)
	}
	return len(p), nil
}
