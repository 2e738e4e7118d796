// Package holding says for how long a service is asked to keep a request until a job changes, and
// when it is not asked to, because that does not work. It knows no lock and no clock: instants are
// arguments.
package holding

import (
	"time"

	"github.com/iamber12/job-status-monitoring/internal/instant"
)

const (
	// Longest is how long a service is asked to keep a request. A longer hold saves little.
	Longest = time.Minute
	// Shortest is the shortest hold that is worth more than a poll.
	Shortest = time.Second
	// pause is for how long no request is held after holds have failed.
	pause = time.Minute
	// maxEarly is how many holds in a row may end without news before the next poll would have
	// been due. A service whose holds do so does not hold.
	maxEarly = 3
	// maxUnsupported is how many jobs in a row whose requests cannot be held are tried.
	maxUnsupported = 8
	// together is within which time failures count as one.
	together = time.Second
)

// Line says how a service deals with holds. The zero Line has seen none yet.
type Line struct {
	most   time.Duration // the longest hold, Longest if zero: a proxy cuts longer ones
	before time.Duration // most before it was learned from the last failure
	until  time.Duration // no request is held until then
	failed time.Duration // when one failed last
	took   time.Duration // how long that one had lasted
	early  int           // holds in a row that ended too early
	told   bool          // that holds fail was told, and none was answered since
	none   int           // jobs in a row whose requests cannot be held
}

// Length returns for how long to hold a request about a job that is to be looked at again in left,
// 0 for not at all.
func (l *Line) Length(now, left time.Duration) time.Duration {
	d := min(l.longest(), left)
	if now < l.until || d < Shortest {
		return 0
	}
	return d
}

func (l *Line) longest() time.Duration {
	if l.most == 0 {
		return Longest
	}
	return l.most
}

// News says that a hold ended with news of its job.
func (l *Line) News() { l.early, l.none, l.told = 0, 0, false }

// Unsupported says that the requests about a job cannot be held. After several such jobs, no others
// are tried for a while.
func (l *Line) Unsupported(now time.Duration) {
	if l.none++; l.none >= maxUnsupported {
		l.none, l.until = 0, max(l.until, instant.Later(now, pause))
	}
}

// Silent says that a hold ended without news after it lasted for took, where a poll would have come
// after a wait. It reports whether holds are given up for a while, and that is worth a line of the
// log.
func (l *Line) Silent(now, took, wait time.Duration) (news bool) {
	if took >= wait || took >= Shortest {
		l.News()
		return false
	}
	if l.early++; l.early < maxEarly {
		return false
	}
	return l.giveUp(now)
}

// Failed says that a hold of length d failed after it lasted for took. It reports whether holds are
// given up for a while, and that is worth a line of the log.
//
// A hold that ends in the middle was cut by a proxy: the next is shorter. Holds that fail together
// and have lasted for different times were not.
func (l *Line) Failed(now, d, took time.Duration) (news bool) {
	again := l.took > 0 && now-l.failed < together
	alike := took > l.took-l.took/10 && took < l.took+l.took/10
	defer func() { l.failed, l.took = now, max(took, 1) }()
	switch {
	case took >= d || took < 2*Shortest:
		return l.giveUp(now)
	case again && !alike:
		l.most = l.before
		return l.giveUp(now)
	case again || took >= l.longest():
		return false // it began before the cut was known
	}
	l.before, l.most = l.most, took-took/4
	return false
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
