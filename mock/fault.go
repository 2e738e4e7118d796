package mock

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/iamber12/job-status-monitoring/mock/fault"
	"github.com/iamber12/job-status-monitoring/mock/internal/trouble"
)

// Fault makes requests fail, or their answers wrong. The argument when selects the requests, and
// the effects say what happens to them. If several faults select a request, all their effects apply
// to it.
//
//	mock.Fault(fault.Nth(3), fault.Code(503), fault.RetryAfter("30"))
//	mock.Fault(fault.Share(0.1), fault.Reset())
//	mock.Fault(fault.Between(time.Minute, 2*time.Minute), fault.Silence())
func Fault(when fault.When, effects ...fault.Effect) Option {
	line := caller()
	return func(c *config) {
		rule, err := when.Rule()
		if len(effects) == 0 {
			err = errors.Join(err, errors.New("it has no effect"))
		}
		for _, e := range effects {
			err = errors.Join(err, e.Apply(&trouble.Trouble{}))
		}
		if err != nil {
			c.problem("%s: fault: %w", line, err)
			return
		}
		c.faults = append(c.faults, &mishap{rule: rule, effects: effects})
	}
}

// A mishap is a Fault of a Service.
type mishap struct {
	rule    trouble.Rule
	effects []fault.Effect
	met     int // the number of calls of its operation and job so far
}

// operations maps each operation to its value in a rule.
var operations = map[trouble.Operation]operation{
	trouble.Status: opStatus, trouble.Create: opCreate, trouble.Cancel: opCancel, trouble.Unasked: opPush,
}

// meetLocked returns the trouble of a call.
func (h *handler) meetLocked(req *request, now time.Duration) (t trouble.Trouble) {
	for i, f := range h.faults {
		ids, jobs, ok := h.concernedLocked(f, req)
		if !ok {
			continue
		}
		f.met++
		nth := f.met
		if len(jobs) > 0 {
			nth = int(jobs[0].polls) // so that the faults of a job do not depend on the polls of other jobs
		}
		if req.op == opPush {
			nth = req.revision
		}
		m := trouble.Moment{N: f.met, Now: now, Header: req.header, Random: random(h.seed, ids[0], uint64(i)<<40|1<<39|uint64(nth))}
		for _, j := range jobs {
			m.Ages = append(m.Ages, now-j.created)
		}
		if f.rule.Holds(&m) {
			for _, e := range f.effects {
				_ = e.Apply(&t) // Fault has already checked it
			}
		}
	}
	return t
}

// concernedLocked returns the jobs of a call to which a fault applies: their ids, and the jobs that
// exist. It reports false if the fault does not apply to the call.
func (h *handler) concernedLocked(f *mishap, req *request) (ids []string, jobs []*job, ok bool) {
	op := req.op
	ids = []string{req.id}
	if op == opBatch {
		op, ids = opStatus, req.ids
	}
	if op != operations[f.rule.Operation] || f.rule.ID != "" && !slices.Contains(ids, f.rule.ID) {
		return nil, nil, false
	}
	if f.rule.ID != "" {
		ids = []string{f.rule.ID}
	}
	for _, id := range ids {
		if j := h.registry.jobs[id]; j != nil {
			jobs = append(jobs, j)
		}
	}
	return ids, jobs, true
}

// answerOf returns the answer that replaces the service's own answer, or nil.
func answerOf(t *trouble.Trouble) *answer {
	if t.Answer == nil {
		return nil
	}
	return &answer{code: t.Answer.Code, header: t.Answer.Header, body: t.Answer.Body}
}

// spoil applies the trouble to an answer. The stream, if not nil, writes the body instead.
func spoil(t *trouble.Trouble, a *answer, now time.Time) (stream func(io.Writer)) {
	now = now.Add(t.DateOff).UTC()
	a.header.Set("Date", now.Format(http.TimeFormat))
	if t.RetryAt != 0 {
		a.header.Set("Retry-After", now.Add(t.RetryAt).Format(http.TimeFormat))
	}
	for name, values := range t.Header {
		a.header[name] = values
	}
	if t.Body != nil {
		a.body = *t.Body
	}
	if t.Truncated {
		a.body = a.body[:len(a.body)/2]
	}
	switch {
	case t.Bomb > 0:
		a.header.Set("Content-Encoding", "gzip")
		return func(w io.Writer) {
			z := gzip.NewWriter(w)
			_, _ = io.CopyN(z, repeat(' '), int64(t.Bomb))
			_ = z.Close()
		}
	case t.Huge > 0:
		return func(w io.Writer) {
			_, _ = io.WriteString(w, `"`)
			_, _ = io.CopyN(w, repeat('x'), int64(max(t.Huge-2, 0)))
			_, _ = io.WriteString(w, `"`)
		}
	default:
		return nil
	}
}

// repeat is a reader that returns one byte without end.
type repeat byte

func (r repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r)
	}
	return len(p), nil
}
