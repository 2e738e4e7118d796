// Package holding decides how long a service is asked to keep a request until a job changes, and
// when no request is held because holds fail. It knows no lock and no clock: instants are
// arguments.
package holding

import (
	"math/bits"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
)

const (
	// Longest is the longest hold. A longer one would save little.
	Longest = time.Minute
	// Shortest is the shortest hold that is worth more than a poll.
	Shortest = time.Second
	// leastTried is the shortest hold that is tried because longer ones are refused.
	leastTried = 5 * time.Second
	// pause is how long no request is held after holds have failed.
	pause = time.Minute
	// maxEarly is how many holds in a row may end without news, earlier than the next poll would have
	// been due. After that the service counts as not holding requests.
	maxEarly = 3
	// maxUnsupported is the number of jobs in a row whose requests cannot be held after which no
	// others are tried for a while.
	maxUnsupported = 8
	// maxPause is the longest time without a trial if trials are [Line.Priced].
	maxPause = time.Hour
	// together is the time within which failures count as simultaneous.
	together = time.Second
	// minLasted and maxLasted bound how many holds must last as long as the limit allows before a
	// longer one is tried. The number doubles each time that the longer hold is cut, too.
	minLasted = 16
	maxLasted = 4096
)

// Line knows how a service handles holds. The zero Line has seen no hold yet.
type Line struct {
	// Priced says that a failed trial has a price: the job is polled apart from its batch. One job is
	// then tried at a time, and trials become rare while no request can be held.
	Priced bool

	most   time.Duration // the longest hold that no proxy cuts; zero means Longest
	before time.Duration // the value of most before the last failure
	fine   time.Duration // the longest hold that the service has accepted
	lasted int           // holds that lasted for most, since it changed
	needed int           // how many of them raise most; minLasted if less
	raised bool          // most was raised since a hold was cut or refused
	until  time.Duration // no request is held until then
	failed time.Duration // when the last hold failed
	took   time.Duration // how long that hold had lasted
	early  int           // holds in a row that ended early without news
	told   bool          // the failure of holds was logged, and no hold was answered since
	none   int           // jobs in a row whose requests cannot be held
	tried  bool          // a trial is in progress, or has succeeded
	alone  time.Duration // until then the trial is the only hold
	room   int           // the maximum number of holds at once until full
	full   time.Duration
}

// Length returns how long to hold a request about a job that must be polled again in left, or 0 for
// no hold.
func (l *Line) Length(now, left time.Duration) time.Duration {
	d := min(l.longest(), left)
	if now < max(l.until, l.alone) || d < Shortest {
		return 0
	}
	return d
}

// Began notes that a request is about to be held.
func (l *Line) Began(now time.Duration) {
	if l.Priced && !l.tried {
		l.tried, l.alone = true, instant.Later(now, Shortest)
	}
}

func (l *Line) longest() time.Duration {
	if l.most == 0 {
		return Longest
	}
	return l.most
}

// Accepted notes that the service accepted a hold of length d.
func (l *Line) Accepted(d time.Duration) { l.fine = max(l.fine, d) }

// News notes that a hold ended with news of its job.
func (l *Line) News() { l.early, l.none, l.told, l.alone = 0, 0, false, 0 }

// Unsupported notes that the requests about a job cannot be held. After several such jobs in a row,
// no others are tried for a minute. If trials are Priced, one such job is enough, and the pause
// doubles each time.
func (l *Line) Unsupported(now time.Duration) {
	l.tried = false
	l.none++
	if l.Priced {
		l.none = min(l.none, bits.Len(uint(maxPause/pause))+1)
		l.until = max(l.until, instant.Later(now, min(pause<<(l.none-1), maxPause)))
	} else if l.none >= maxUnsupported {
		l.none, l.until = 0, max(l.until, instant.Later(now, pause))
	}
}

// Crowded notes that the Transport had no room for a hold beside the given number of others. There
// are no more at once for a minute, because whatever occupies the room may go.
func (l *Line) Crowded(now time.Duration, others int) {
	if others == 0 {
		l.tried = false // the trial was not made
	}
	if now >= l.full || others < l.room {
		l.room, l.full = others, instant.Later(now, pause)
	}
}

// Most returns the maximum number of holds at once, if n are allowed.
func (l *Line) Most(now time.Duration, n int) int {
	if now < l.full {
		return min(n, l.room)
	}
	return n
}

// Silent notes that a hold ended without news. It lasted for took, and a poll would have come after
// wait. Silent reports whether a line must be logged because holds are given up for a while.
func (l *Line) Silent(now, took, wait time.Duration) (news bool) {
	if took >= wait || took >= Shortest {
		l.News()
		l.raise(took)
		return false
	}
	if l.early++; l.early < maxEarly {
		return false
	}
	return l.giveUp(now)
}

// raise notes that a hold lasted for took and was not cut. If enough of them last as long as the
// limit allows, the limit is raised, because what once cut a hold may have been a restart and no
// proxy. A limit of more than half of Longest stays, because a higher one would save little.
func (l *Line) raise(took time.Duration) {
	if l.most == 0 || l.most > Longest/2 || took < l.most-l.most/10 {
		return
	}
	if l.lasted++; l.lasted < max(l.needed, minLasted) {
		return
	}
	if l.raised { // the limit that was raised before has proved itself
		l.needed = 0
	}
	l.most, l.lasted, l.raised = l.most+l.most/2, 0, true
}

// Failed notes that a hold of length d failed after it had lasted for took. It reports whether a
// line must be logged because holds are given up for a while.
//
// A hold that fails in the middle was cut by a proxy, so later holds are shorter. The longest holds
// are also shortened if one fails just at its end, because many proxies cut after a minute. Holds
// that fail together after different times were not cut by a proxy. See raise for how holds become
// longer again.
func (l *Line) Failed(now, d, took time.Duration) (news bool) {
	again := l.took > 0 && now-l.failed < together
	alike := took > l.took-l.took/10 && took < l.took+l.took/10
	defer func() { l.failed, l.took = now, max(took, 1) }()
	switch {
	case took >= d || took < 2*Shortest:
		l.before = l.most
		if l.most == 0 && d == Longest && took >= d && took < d+d/10 {
			l.most = d - d/4
		}
		return l.giveUp(now)
	case again && !alike:
		l.most = l.before
		return l.giveUp(now)
	case again || took >= l.longest():
		return false // the hold began before the limit of the proxy was known
	}
	l.lower(took - took/4)
	return false
}

// lower makes most the limit of later holds. If the limit was raised before, it is raised again
// only after twice as many holds.
func (l *Line) lower(most time.Duration) {
	if l.raised {
		l.needed = min(2*max(l.needed, minLasted), maxLasted)
	}
	l.before, l.most, l.lasted, l.raised = l.most, most, 0, false
}

// Refused notes that the service refused a hold of length d after took. It reports whether a line
// must be logged because holds are given up for a while.
//
// A service may refuse only holds that are longer than it allows. So if it has never accepted one
// of that length, the next one is half as long, or as long as one that was accepted. After a hold
// of a few seconds, the longest is tried again. A service that refuses a length does so at once.
func (l *Line) Refused(now, d, took time.Duration) (news bool) {
	if took >= leastTried {
		return l.Unheld(now, took)
	}
	if d > l.fine {
		next := max(d/2, l.fine)
		switch {
		case next >= leastTried && next <= l.longest():
			l.lower(next)
		case next < leastTried && d >= l.longest():
			l.lower(0)
		}
		if next >= leastTried && next == l.fine {
			return false // which the service accepts
		}
	}
	return l.giveUp(now)
}

// Unheld notes that a hold failed after took for a reason that says nothing about lengths, such as
// a job that was deleted. It reports whether a line must be logged because holds are given up for a
// while.
func (l *Line) Unheld(now, took time.Duration) (news bool) {
	return took < 2*Shortest && l.giveUp(now)
}

func (l *Line) giveUp(now time.Duration) (news bool) {
	if now < l.until {
		return false
	}
	l.until, l.early = instant.Later(now, pause), 0
	news = !l.told
	l.told = true
	return news
}
