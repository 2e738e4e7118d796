package mock

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/place"
	"github.com/iamber12/job-status-monitoring/internal/wait"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

func (c *config) pushes() *pusher {
	if c.push == nil {
		c.push = &pusher{told: map[string]int{}, arrived: map[string]arrival{}}
	}
	return c.push
}

// pusher sends the webhooks and events of a service. The service's mu guards it. A nil pusher sends
// nothing.
type pusher struct {
	service *Service        // set by begin
	ctx     context.Context // of the calls of webhooks; canceled by end
	cancel  context.CancelFunc
	hooks   []hook
	stream  *stream // nil if there is no stream
	begun   bool
	told    map[string]int // the newest revision of each job that was sent
	sent    int
	// arrived is how the end of each job was first reported to a client.
	arrived map[string]arrival
}

// arrival is how and when a push reached a client.
type arrival struct {
	at time.Duration
	by string
}

// arrive records that the end of a job was reported to a client. An empty id stands for no job.
func (p *pusher) arrive(id, by string) {
	s := p.service
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, already := p.arrived[id]; !already && s.registry.jobs[id] != nil {
		p.arrived[id] = arrival{s.now(), by}
	}
}

// forget removes a job that the service has dropped.
func (p *pusher) forget(id string) {
	if p != nil {
		delete(p.told, id)
		delete(p.arrived, id)
	}
}

// tick is the minimum wait of a timer that fired before the step had ended.
const tick = time.Millisecond

// pushed is one webhook or event.
type pushed struct {
	id     string
	ends   string // the job whose true end it reports, or empty
	header http.Header
	body   []byte
}

// begin begins to report on the existing jobs.
func (p *pusher) begin(s *Service) {
	if p == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p.service, p.begun = s, true
	p.ctx, p.cancel = context.WithCancel(context.Background())
	for _, j := range s.registry.order {
		p.watchLocked(j)
	}
}

// end stops all reports, and the calls of webhooks that are under way.
func (p *pusher) end() {
	if p == nil {
		return
	}
	s := p.service
	s.mu.Lock()
	defer s.mu.Unlock()
	p.begun = false
	p.cancel()
}

// watchLocked begins to report on a job.
func (p *pusher) watchLocked(j *job) {
	if p == nil || !p.begun {
		return
	}
	p.told[j.id] = int(j.step)
	p.scheduleLocked(j)
}

// tellLocked reports on a job if it has changed.
func (p *pusher) tellLocked(j *job) {
	if p == nil || !p.begun || j == nil {
		return
	}
	s := p.service
	if s.registry.jobs[j.id] != j {
		delete(p.told, j.id)
		return
	}
	j.advance(s.seed, s.now())
	first := p.told[j.id] + 1
	if first > int(j.step) {
		return
	}
	p.told[j.id] = int(j.step)
	for step := first; step <= int(j.step); step++ { // several steps, if a timer was late
		v := j.at(s.seed, int32(step))
		if v.epoch = s.epoch; v.step.answer == nil {
			p.sendLocked(&v)
		}
	}
	p.scheduleLocked(j)
}

// at returns the status of j at the begin of one of its steps. A step that lasts for a number of
// polls counts as if it took no time.
func (j *job) at(seed uint64, step int32) view {
	past := *j
	for past.step > step {
		if past.step--; past.steps[past.step].polls == 0 {
			past.since -= past.lasts(seed, past.step)
		}
	}
	s := &past.steps[step]
	return view{id: j.id, step: s, revision: int(step), progress: s.progress, created: j.created, updated: past.since}
}

// scheduleLocked sets a timer for the end of a job's present step, if the step lasts for a time.
func (p *pusher) scheduleLocked(j *job) {
	s := p.service
	step := j.step
	d := j.lasts(s.seed, step)
	if at := &j.steps[step]; at.ends() || at.polls > 0 || d == Forever {
		return
	}
	wait.AfterFunc(s.clock, max(j.since+d-s.now(), tick), func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if p.tellLocked(j); p.begun && j.step == step && s.registry.jobs[j.id] == j {
			p.scheduleLocked(j) // the timer was early
		}
	})
}

// sendLocked sends the report on a job, with the effects of faults.
func (p *pusher) sendLocked(v *view) {
	s := p.service
	f, ok := s.dialect.(*fields)
	if !ok {
		return // a recording has no pushes
	}
	t := s.handler.meetLocked(&request{op: opPush, id: v.id, revision: v.revision}, s.now())
	p.sent++
	e := f.event(v)
	if v.step.state.Terminal() {
		e.ends = v.id
	}
	e.id = fmt.Sprintf("msg_%s_%d", strconv.FormatInt(s.epoch.UnixNano(), 36), p.sent)
	if t.Reset && p.stream != nil {
		p.stream.cut()
	}
	if t.Lost {
		return
	}
	var forged *pushed
	if t.Forged {
		done := Completed(nil)
		claim := *v
		claim.step = &done
		forged = f.event(&claim)
		forged.id = e.id + "_forged"
	}
	if t.Latency == 0 {
		p.stream.add(e, t.Doubled) // under the lock, so that events come in the order of the changes
	} else if p.stream != nil {
		wait.AfterFunc(s.clock, t.Latency, func() { p.stream.add(e, t.Doubled) })
	}
	for i := range p.hooks { // apart, so that a slow receiver delays no other
		wait.AfterFunc(s.clock, t.Latency, func() { p.hooks[i].report(p, e, forged, t.Doubled) })
	}
}

// eventSayings returns the form of each state in an event. If the dialect's State is no place or
// its States are no rules, it returns no forms, because rest.New reports these errors.
func eventSayings(e rest.Event) map[transport.State]utterance {
	places, err := place.ParseList(e.State)
	if err != nil || e.State == "-" {
		return nil
	}
	said, err := sayings(places, e.States)
	if err != nil {
		return nil
	}
	return said
}

// event returns the body of a report on a job, in the form of the Dialect's Event.
func (f *fields) event(v *view) *pushed {
	job := &writing{id: v.id, body: object{}}
	if !f.thin {
		f.describe(job, v)
	}
	w := &writing{id: v.id, body: object{}}
	w.put(f.Event.At, job.body)
	id := v.id
	if f.Event.ID == f.ID {
		id = strings.Replace(cmp.Or(strings.ReplaceAll(f.IDPattern, "*", ""), "{id}"), "{id}", v.id, 1)
	}
	w.put(f.Event.ID, id)
	w.say(&rest.Dialect{State: f.Event.State}, f.told[v.step.state])
	w.put(f.Event.Updated, v.epoch.Add(v.updated).Format(time.RFC3339Nano))
	body, _ := json.Marshal(w.body) // no error, because a result is checked when its step is made
	return &pushed{header: w.header, body: body}
}
