package mock

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/place"
)

// maxHold is the longest hold. A request that asks for more is kept for maxHold.
const maxHold = 24 * time.Hour

// holdOf returns the length of a hold for the text that fills {hold}. It is zero if the text is not
// a number.
func holdOf(text string) time.Duration {
	seconds, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, maxHold)
}

// held is a status request that the service keeps until the job changes. Its fields are guarded by
// world.mu, but for pause, which only the handler of the request uses.
type held struct {
	request *request
	job     *job
	until   time.Duration // the end of the hold
	known   string        // the revision that the client knows; empty if the request names none
	seen    int           // the revision of the job when the request arrived
	step    int32         // the step of the job when the pause began
	wakes   time.Duration // the end of the pause
	pause   *pause
	soon    func() // ends the pause early; nil if it was called
}

// arriveLocked returns the hold of a request that has just arrived.
func (h *handler) arriveLocked(req *request, r *reply, j *job, now time.Duration) *held {
	k := &held{request: req, job: j, until: now + req.hold, known: req.rev}
	if h.etags {
		k.known = cmp.Or(req.rev, req.header.Get("If-None-Match"))
	}
	k.seen = h.registry.foreseeLocked(j, &r.trouble, now).revision
	return k
}

// hold keeps a request until the job changes or the hold is over, and completes the reply. It
// reports whether the client is still there.
func (h *handler) hold(r *http.Request, rep *reply) bool {
	k := rep.held
	for h.keeps(r, rep) {
		there := k.pause.sleep(r)
		h.registry.release(k)
		if !there {
			return false
		}
	}
	return true
}

// keeps begins a pause if a request has to wait, and otherwise completes the reply.
func (h *handler) keeps(r *http.Request, rep *reply) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	k, now := rep.held, h.now()
	if h.registry.jobs[k.request.id] != k.job {
		rep.known = false
		return false
	}
	v := h.registry.foreseeLocked(k.job, &rep.trouble, now)
	if now < k.until && !h.hasNews(k, &v) {
		d := k.until - now
		if change, ok := h.registry.changeLocked(k.job, &v, rep, now); ok {
			d = min(d, change)
		}
		k.step, k.wakes, k.pause = k.job.step, now+d, h.pause(r, d)
		k.soon = k.pause.soon
		h.registry.held[k.job] = append(h.registry.held[k.job], k)
		return true
	}
	v = h.registry.lookLocked(k.job, &rep.trouble, now)
	rep.view, rep.answer = &v, v.step.answer
	return false
}

// hasNews reports whether the present view of its job answers a request.
func (h *handler) hasNews(k *held, v *view) bool {
	f, ok := h.dialect.(*fields)
	for range k.request.stage {
		f = f.then
	}
	switch {
	case !ok || v.step.answer != nil || v.step.state.Terminal() || f.moves(v.step.state):
		return true
	case k.known == "":
		return v.revision != k.seen
	default:
		a := h.answer(k.request, &reply{id: v.id, view: v, known: true})
		return f.revisionIn(a, v.id) != k.known
	}
}

// changeLocked returns when a view of a job may change next, as a duration from now. It returns
// false if the passing of time does not change it.
func (g *registry) changeLocked(j *job, v *view, rep *reply, now time.Duration) (time.Duration, bool) {
	step := &j.steps[v.revision]
	past := v.revision < int(j.step) // the view lags behind
	if rep.trouble.Back || !past && (step.ends() || step.polls > 0) {
		return 0, false
	}
	since := now - rep.trouble.Lag - v.updated
	lasts := min(j.lasts(g.seed, int32(v.revision)), Forever+min(since, 0)) // so that the result is no overflow
	return lasts - since, true
}

// wakeLocked ends the pauses of the requests that wait for a job, if it has changed before time
// has changed it, or if it is no longer kept.
func (g *registry) wakeLocked(j *job) {
	for _, k := range g.held[j] {
		isEarly := k.step != j.step && g.now() < k.wakes
		if k.soon != nil && (isEarly || g.jobs[j.id] != j) {
			k.soon()
			k.soon = nil
		}
	}
}

// release removes a request whose pause is over.
func (g *registry) release(k *held) {
	g.mu.Lock()
	defer g.mu.Unlock()
	others := slices.DeleteFunc(g.held[k.job], func(other *held) bool { return other == k })
	if g.held[k.job] = others; len(others) == 0 {
		delete(g.held, k.job)
	}
}

// revisionPlaces returns the places of the revision in an answer. It returns nil if they do not
// parse, because rest.New reports that error.
func revisionPlaces(text string) *place.Set {
	places, err := place.ParseList(cmp.Or(text, "@header.ETag"))
	if err != nil {
		return nil
	}
	set, err := place.NewSet(places, 0)
	if err != nil {
		return nil
	}
	return set
}

// revisionIn returns the revision in an answer about a job, as a client reads it.
func (f *fields) revisionIn(a *answer, id string) string {
	if f.revision == nil {
		return ""
	}
	var found place.Found
	if f.revision.Find(&place.Answer{Code: a.code, Header: a.header, Body: []byte(a.body), Name: id}, &found) != nil {
		return ""
	}
	for _, v := range found.Values {
		if len(v) > 0 {
			return place.Value(v).Text()
		}
	}
	return ""
}
