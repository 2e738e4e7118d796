package mock

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/iamber12/job-status-monitoring/mock/fault"
	"github.com/iamber12/job-status-monitoring/mock/internal/trouble"
)

// Fault makes requests fail, or their answers wrong. The argument when selects the requests, and
// the effects say what happens to them. If several faults select a request, all their effects apply
// to it. A fault that can have no effect is an error, such as fault.Lost without OfPush.
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
			var t trouble.Trouble
			if problem := e.Apply(&t); problem != nil {
				err = errors.Join(err, problem)
				continue
			}
			err = errors.Join(err, pointless(rule.Operation, t))
			if c.overHTTP == "" {
				c.overHTTP = overHTTP(&t)
			}
		}
		if err != nil {
			c.problem("%s: fault: %w", line, err)
			return
		}
		c.faults = append(c.faults, &mishap{rule: rule, effects: effects, line: line})
	}
}

// pointless returns an error if an effect changes nothing of the requests of an operation. A test
// with such a fault would pass whatever the program does.
func pointless(op trouble.Operation, t trouble.Trouble) error {
	push, past := t.Push != trouble.Push{}, t.Lag > 0 || t.Back
	t.Push, t.Latency, t.Reset = trouble.Push{}, 0, false
	switch {
	case op == trouble.Unasked && !reflect.ValueOf(t).IsZero():
		return errors.New("only Lost, Doubled, Forged, Latency and Reset apply to a push")
	case op != trouble.Unasked && push:
		return errors.New("the effects Lost, Doubled and Forged apply only to a push: add OfPush")
	case op != trouble.Status && past:
		return errors.New("the effects Lags and GoesBack apply only to polls")
	default:
		return nil
	}
}

// overHTTP returns the name of an effect that a service without HTTP cannot have, or "".
func overHTTP(t *trouble.Trouble) string {
	switch {
	case t.Drip > 0:
		return "fault.Drip"
	case t.DateOff != 0:
		return "fault.DateOff"
	case len(t.Header) > 0 && t.Header.Get("Retry-After") == "":
		return "fault.Header"
	default:
		return ""
	}
}

// unheard reports the faults of pushes if the service has none.
func (c *config) unheard() {
	for _, f := range c.faults {
		if f.rule.Operation == trouble.Unasked && c.push == nil {
			c.problem("%s: fault: OfPush selects nothing, because the service has no Push", f.line)
		}
	}
}

// A mishap is a Fault of a Service.
type mishap struct {
	rule    trouble.Rule
	effects []fault.Effect
	line    string // where it was made
	met     int    // the number of calls of its operation and job so far
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
		if len(ids) == 0 {
			ids = []string{""}
		}
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
			left := t.Bomb
			for ; left >= len(spaces); left -= len(spaces) { // a body of gzip may have several members
				if _, err := w.Write(member()); err != nil {
					return
				}
			}
			_, _ = w.Write(zipped(left))
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

// spaces is what a member of a bomb decompresses to.
var spaces = bytes.Repeat([]byte{' '}, 1<<20)

// member returns the spaces, compressed. Compressing them anew for each answer would take most of
// the time of a test.
var member = sync.OnceValue(func() []byte { return zipped(len(spaces)) })

// zipped returns the first n spaces, compressed.
func zipped(n int) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(spaces[:n])
	_ = z.Close()
	return b.Bytes()
}

// repeat is a reader that returns one byte without end.
type repeat byte

func (r repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r)
	}
	return len(p), nil
}
