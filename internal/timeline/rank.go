package timeline

import (
	"cmp"
	"slices"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// rankSamples is the number of due watches that are ranked together with the oldest one. In one of
// oldestEvery polls, the oldest watch is first without ranking. More samples improve little. If the
// oldest watch were first more often, most of the improvement would be lost: see the table of
// internal/bench.
const (
	rankSamples = 16
	oldestEvery = 8
	// maxRanked bounds the number of watches that are ranked for one request.
	maxRanked = 2000
)

// A candidate is a due watch together with the arguments of [backoff.Ranker].
type candidate struct {
	x     *watch
	lane  *lane
	poll  backoff.Poll
	since time.Duration // the time since the last poll
	rank  float64
}

// rankDueLocked returns some of the due watches, highest rank first. The Backoff must be a Ranker.
// It returns none if the order of due times applies. It releases the lock while the Backoff ranks
// the watches.
func (o *chooser) rankDueLocked(c *call, now time.Duration) []candidate {
	if c.ranking { // the Backoff ended the goroutine before, so it is not asked again
		c.ranking = false
		return nil
	}
	waiting := o.board.ready.Waiting()
	binds := waiting > 1 && (o.board.gate.Limited() || o.board.gate.Recovering(now) || waiting > o.Concurrency)
	if !binds || o.picks%oldestEvery == oldestEvery-1 {
		return nil
	}
	l := o.board.ready.Choose(o.Concurrency)
	if l == nil {
		return nil
	}
	lanes := []*lane{l}
	size := min(o.board.size.Now(), waiting)
	if size > 1 {
		lanes = o.board.ready.Ring()
	}
	var sample []candidate
	each := min((rankSamples+1)*size, maxRanked)/len(lanes) + 1
	for _, l := range lanes {
		sample = o.sampleLocked(sample, l, each, now)
	}
	c.ranking = true
	o.mu.Unlock()
	for i := range sample {
		sample[i].rank = o.schedule.Rank(&sample[i].poll, sample[i].since)
	}
	slices.SortStableFunc(sample, byRank)
	o.mu.Lock()
	c.ranking = false
	return sample
}

// byRank orders candidates by their ranks, the highest first. A rank that is not a number is the
// lowest.
func byRank(a, b candidate) int { return cmp.Compare(b.rank, a.rank) }

// sampleLocked adds at most n of the watches in l to s: the oldest one, and others that are chosen
// at random.
func (o *chooser) sampleLocked(s []candidate, l *lane, n int, now time.Duration) []candidate {
	first := l.Oldest()
	if first == nil {
		return s
	}
	s = append(s, o.candidateLocked(first, l, now))
	for range min(n, l.Waiting()) - 1 {
		if x := l.Sample(o.randomLocked()); x != nil {
			s = append(s, o.candidateLocked(x, l, now))
		}
	}
	return s
}

func (o *chooser) candidateLocked(x *watch, l *lane, now time.Duration) candidate {
	p, polled := o.board.questionLocked(x)
	return candidate{x: x, lane: l, poll: p, since: now - polled}
}
