package timeline

import (
	"slices"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// How many due watches are weighed against the one that is due for longest, and how often that one
// goes first unweighed. More samples gain little, and an oldest that goes first more often loses
// most of the gain: see the table of internal/bench.
const (
	rankSamples = 16
	oldestEvery = 8
	// maxRanked bounds the watches that are ranked for one request.
	maxRanked = 2000
)

// A candidate is a due watch, and what is known of it for the Backoff to rank.
type candidate struct {
	x     *watch
	lane  *lane
	poll  backoff.Poll
	since time.Duration // since the poll before
	rank  float64
}

// rankDue returns some of the watches that are due, those that matter most first, or none where the
// order in which they became due is kept. It is called with mu held, and lets go of it while the
// Backoff ranks them.
func (t *Timeline) rankDue(r *run, now time.Duration) []candidate {
	if r.ranking { // the Backoff ended the goroutine: this time it is not asked
		r.ranking = false
		return nil
	}
	waiting := t.ready.Waiting()
	binds := waiting > 1 && (t.gate.Limited() || t.gate.Recovering(now) || waiting > t.Concurrency)
	if !t.schedule.Ranks() || !binds || t.picks%oldestEvery == oldestEvery-1 {
		return nil
	}
	l := t.ready.Choose(t.Concurrency)
	if l == nil {
		return nil
	}
	lanes := []*lane{l}
	size := min(t.size.Now(), waiting)
	if size > 1 {
		lanes = t.ready.Ring()
	}
	var sample []candidate
	each := min((rankSamples+1)*size, maxRanked)/len(lanes) + 1
	for _, l := range lanes {
		sample = t.sample(sample, l, each, now)
	}
	r.ranking = true
	t.mu.Unlock()
	for i := range sample {
		sample[i].rank = t.schedule.Rank(sample[i].poll, sample[i].since)
	}
	t.mu.Lock()
	r.ranking = false
	slices.SortStableFunc(sample, func(a, b candidate) int {
		switch {
		case a.rank > b.rank:
			return -1
		case a.rank < b.rank:
			return 1
		default:
			return 0
		}
	})
	return sample
}

// sample adds to s at most n of the watches that wait in l: the one that is due for longest, and
// others at random.
func (t *Timeline) sample(s []candidate, l *lane, n int, now time.Duration) []candidate {
	first := l.Oldest()
	if first == nil {
		return s
	}
	s = append(s, t.candidate(first, l, now))
	for range min(n, l.Waiting()) - 1 {
		if x := l.Sample(t.random()); x != nil {
			s = append(s, t.candidate(x, l, now))
		}
	}
	return s
}

func (t *Timeline) candidate(x *watch, l *lane, now time.Duration) candidate {
	p, polled := t.question(x)
	return candidate{x: x, lane: l, poll: p, since: now - polled}
}

// question returns what the Backoff was asked when the next poll of x was planned, and when that
// was: when the poll before had ended, or x began. The wait before that is not known any more.
func (t *Timeline) question(x *watch) (p backoff.Poll, polled time.Duration) {
	polled = x.poll - x.previous
	p = backoff.Poll{Key: x.id, Kind: x.waiters.part.kind, Attempt: int(x.attempt), Elapsed: max(polled-x.began, 0)}
	if s := x.seen; s != nil {
		p.RetryAfter, p.Progress, p.State, p.Err = t.capped(s.LeaveAlone()), s.Progress, s.StateName(), s.Fault.Err
	}
	return p, polled
}

// next returns the watch that is polled next, nil if none may be: one whose wait was extended for a
// last look, then, of the kind whose turn it is, the one that ranks highest, or the one that is due
// for longest if none was ranked.
func (t *Timeline) next(ranked []candidate) *watch {
	if x := t.ready.Urgent(); x != nil {
		return x
	}
	l := t.ready.Choose(t.Concurrency)
	if l == nil {
		return nil
	}
	for _, c := range ranked {
		if c.lane == l && c.x.queued {
			return c.x
		}
	}
	return l.Oldest()
}
