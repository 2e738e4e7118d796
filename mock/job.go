package mock

import (
	"slices"
	"time"

	"github.com/iamber12/job-status-monitoring/transport"
)

// job is the position of one job in its script. A service may hold a million jobs, so a job is
// small: scripts are shared, and instants count from the service's start.
type job struct {
	id      string
	kind    string
	key     string // of idempotency
	steps   []Step
	created time.Duration
	since   time.Duration // when the step that it is in began
	told    time.Duration // when a poll was first told of its end
	step    int32         // the one that it is in
	used    int32         // polls of the step
	polls   int32
	over    bool // a poll was told of its end
}

// view is the status of a job at an instant.
type view struct {
	id       string
	step     *Step
	revision int // rises with each step
	progress float64
	created  time.Duration
	updated  time.Duration
	epoch    time.Time // what the instants are counted from
}

// advance moves j through the steps that have ended by now.
func (j *job) advance(seed uint64, now time.Duration) {
	for {
		s := &j.steps[j.step]
		d := j.lasts(seed, j.step)
		if s.ends() || s.polls > 0 || now-j.since < d {
			return
		}
		j.enter(j.since + d)
	}
}

// enter begins the next step.
func (j *job) enter(at time.Duration) { j.step, j.since, j.used = j.step+1, at, 0 }

// lasts returns the duration of a step that is not counted in polls.
func (j *job) lasts(seed uint64, step int32) time.Duration {
	if s := &j.steps[step]; s.drawn != nil {
		return s.drawn.At(random(seed, j.id, uint64(step)))
	} else {
		return s.lasts
	}
}

// poll returns the answer of j to one poll.
func (j *job) poll(seed uint64, now time.Duration) view {
	v := j.view(seed, now)
	if s := &j.steps[j.step]; s.polls > 0 {
		if j.used++; int(j.used) >= s.polls {
			j.enter(now)
		}
	}
	return v
}

// view returns the status of j without a poll.
func (j *job) view(seed uint64, now time.Duration) view {
	j.advance(seed, now)
	s := &j.steps[j.step]
	v := view{id: j.id, step: s, revision: int(j.step), progress: s.progress, created: j.created, updated: j.since}
	switch d := j.lasts(seed, j.step); {
	case s.rise == 0 || s.ends():
	case s.polls > 1:
		v.progress += s.rise * min(float64(j.used)/float64(s.polls-1), 1)
	case d > 0:
		v.progress += s.rise * float64(now-j.since) / float64(d)
	}
	return v
}

// before returns the earlier status of j, as far as its steps are measured in time.
func (j *job) before(seed uint64, then time.Duration) view {
	j.advance(seed, then)
	past := *j
	for past.step > 0 && then < past.since && past.steps[past.step-1].polls == 0 {
		past.step--
		past.since -= past.lasts(seed, past.step)
	}
	return past.view(seed, max(then, past.since))
}

// cancel ends j, unless it has ended by then. It returns the state in which j is then.
func (j *job) cancel(seed uint64, now time.Duration) transport.State {
	j.advance(seed, now)
	if !j.steps[j.step].state.Terminal() {
		j.steps = append(slices.Clone(j.steps[:j.step+1]), Canceled())
		j.enter(now)
	}
	return j.steps[j.step].state
}
