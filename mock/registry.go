package mock

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/iamber12/job-status-monitoring/mock/internal/trouble"
)

// A registry is the jobs of a Service. It is guarded by world.mu.
type registry struct {
	*world
	jobs    map[string]*job
	order   []*job            // in the order of their creation
	keys    map[string]string // ids by idempotency key
	created int
	held    map[*job][]*held // the requests that wait for each job
}

// addLocked adds a job.
func (g *registry) addLocked(j *job) {
	g.jobs[j.id] = j
	g.order = append(g.order, j)
	g.push.watchLocked(j)
	if g.keepJobs > 0 && len(g.order) > g.keepJobs {
		old := g.order[0]
		g.order = g.order[1:]
		delete(g.jobs, old.id)
		delete(g.keys, old.key)
		g.push.forget(old.id)
		g.wakeLocked(old)
	}
}

// lookLocked returns the answer to one poll of a job.
func (g *registry) lookLocked(j *job, t *trouble.Trouble, now time.Duration) view {
	v := g.pollLocked(j, t, now)
	g.wakeLocked(j)
	g.push.tellLocked(j)
	return v
}

// foreseeLocked returns what lookLocked would return, without a poll of the job.
func (g *registry) foreseeLocked(j *job, t *trouble.Trouble, now time.Duration) view {
	j.advance(g.seed, now)
	polled := *j
	return g.pollLocked(&polled, t, now)
}

func (g *registry) pollLocked(j *job, t *trouble.Trouble, now time.Duration) view {
	v := j.poll(g.seed, now)
	switch {
	case t.Back:
		v = view{id: j.id, step: &j.steps[0], created: j.created, updated: j.created, progress: j.steps[0].progress}
	case t.Lag > 0:
		v = j.before(g.seed, max(now-t.Lag, j.created))
	}
	v.epoch = g.epoch
	return v
}

// maxWord is the maximum length of the kind and the idempotency key of a job, in bytes.
const maxWord = 256

// createLocked starts a job, or returns the job that was started under the same key.
func (g *registry) createLocked(req *request, now time.Duration) (id string, problem *answer) {
	if id, ok := g.keys[req.key]; ok {
		return id, nil
	}
	var input struct{ Kind string }
	_ = json.Unmarshal(req.input, &input) // after an error the job has no kind
	for what, text := range map[string]string{"kind": input.Kind, "idempotency key": req.key} {
		if len(text) > maxWord {
			return "", &answer{code: http.StatusBadRequest, body: fmt.Sprintf(`{"meta":{"message":"the %s is over %d bytes"}}`, what, maxWord)}
		}
	}
	g.created++
	c := Creation{N: g.created, ID: cmp.Or(req.id, g.nextID()), Kind: input.Kind, Input: req.input}
	c.Random = random(g.seed, c.ID, 1<<32)
	steps := g.script(c)
	if err := check(steps); err != nil {
		return "", &answer{code: http.StatusInternalServerError, body: fmt.Sprintf("%s: created job %d: %v", g.scriptLine, c.N, err)}
	}
	if req.key != "" {
		g.keys[req.key] = c.ID
	}
	g.addLocked(&job{id: c.ID, kind: c.Kind, key: req.key, steps: steps, created: now, since: now})
	return c.ID, nil
}
