package holding_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/iamber12/job-status-monitoring/internal/holding"
	"github.com/iamber12/job-status-monitoring/internal/instant"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAHoldLastsUntilTheNextLook(t *testing.T) {
	t.Parallel()
	var l holding.Line
	assert.Equal(t, time.Minute, l.Length(0, instant.Forever))
	assert.Equal(t, 10*time.Second, l.Length(0, 10*time.Second))
	assert.Zero(t, l.Length(0, time.Second-1))
	assert.Zero(t, l.Length(0, -time.Second))
}

func TestTheCutOfAProxyIsLearned(t *testing.T) {
	t.Parallel()
	var l holding.Line
	for range 64 { // all holds that began together
		assert.False(t, l.Failed(30*time.Second, time.Minute, 30*time.Second))
	}
	assert.Equal(t, 22500*time.Millisecond, l.Length(30*time.Second, instant.Forever))
	assert.False(t, l.Failed(40*time.Second, time.Minute, 30*time.Second), "it began before")
	assert.Equal(t, 22500*time.Millisecond, l.Length(40*time.Second, instant.Forever))
	assert.False(t, l.Failed(100*time.Second, 22*time.Second, 20*time.Second))
	assert.Equal(t, 15*time.Second, l.Length(100*time.Second, instant.Forever))
}

func TestAHoldThatIsCutJustAtItsEndIsFollowedByShorterOnes(t *testing.T) {
	t.Parallel()
	const cut = time.Minute + time.Millisecond
	var l holding.Line
	assert.True(t, l.Failed(cut, time.Minute, cut), "it is told")
	assert.False(t, l.Failed(cut, time.Minute, cut), "all holds that began together")
	assert.Zero(t, l.Length(cut, instant.Forever), "the service may be what fails")
	assert.Equal(t, 45*time.Second, l.Length(2*cut, instant.Forever))
	l.News()
	assert.True(t, l.Failed(3*cut, 45*time.Second, 45*time.Second))
	assert.Equal(t, 45*time.Second, l.Length(5*cut, instant.Forever), "it is the service that fails")

	l = holding.Line{}
	l.Failed(cut, 20*time.Second, 20*time.Second)
	assert.Equal(t, time.Minute, l.Length(3*cut, instant.Forever), "no proxy knows how long this hold was")
}

func TestHoldsThatFailAreGivenUpForAMinute(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(l *holding.Line) bool{
		"at once":      func(l *holding.Line) bool { return l.Failed(0, time.Minute, 0) },
		"never answer": func(l *holding.Line) bool { return l.Failed(0, time.Minute, 90*time.Second) },
		"all together": func(l *holding.Line) bool {
			return l.Failed(0, time.Minute, 7*time.Second) || l.Failed(0, time.Minute, 20*time.Second)
		},
		"do not hold": func(l *holding.Line) bool {
			return l.Silent(0, 0, 100) || l.Silent(0, 10, 100) || l.Silent(0, 50, 100)
		},
	} {
		var l holding.Line
		assert.True(t, fail(&l), "%s: it is told", name)
		assert.Zero(t, l.Length(59*time.Second, instant.Forever), name)
		assert.Equal(t, time.Minute, l.Length(time.Minute, instant.Forever), name)
		assert.False(t, l.Failed(time.Minute, time.Minute, 0), "%s: it was told", name)
		assert.Zero(t, l.Length(time.Minute, instant.Forever), name)
		l.News()
		assert.True(t, l.Failed(time.Hour, time.Minute, 0), "%s: holds were well meanwhile", name)
	}
}

func TestAHoldThatIsRefusedIsFollowedByAShorterOne(t *testing.T) {
	t.Parallel()
	var l holding.Line
	now, lengths := time.Duration(0), []time.Duration(nil)
	for range 6 {
		d := l.Length(now, instant.Forever)
		lengths = append(lengths, d)
		assert.Equal(t, now == 0, l.Refused(now, d, 0))
		assert.Zero(t, l.Length(now, instant.Forever))
		assert.False(t, l.Refused(now, d, 0), "all holds that began together")
		assert.False(t, l.Refused(now, time.Second, 0), "it was short for another reason")
		assert.Zero(t, l.Length(now, instant.Forever))
		now += time.Minute
	}
	assert.Equal(t, []time.Duration{60e9, 30e9, 15e9, 7500e6, 60e9, 30e9}, lengths)

	l.Accepted(15 * time.Second)
	l.News()
	assert.True(t, l.Refused(now, 15*time.Second, 0))
	assert.Equal(t, 15*time.Second, l.Length(now+time.Minute, instant.Forever), "it was not too long")
}

// A service that allows holds of fifteen seconds is asked for longer ones ever more seldom.
func TestALimitThatAServiceNamesIsTriedEverMoreSeldom(t *testing.T) {
	t.Parallel()
	var l holding.Line
	now, refused, held := time.Duration(0), 0, 0
	for now < 24*time.Hour {
		d := l.Length(now, instant.Forever)
		switch {
		case d == 0:
			now += time.Minute
		case d > 15*time.Second:
			refused++
			l.Refused(now, d, 0)
			l.Refused(now, d, 0)
		default:
			now += d
			held++
			assert.Equal(t, 15*time.Second, d)
			l.Accepted(d)
			l.Silent(now, d, d)
		}
	}
	assert.Less(t, refused, 14)
	assert.Greater(t, held, 5600)
}

func TestASilentHoldIsNoFault(t *testing.T) {
	t.Parallel()
	var l holding.Line
	for range 10 {
		assert.False(t, l.Silent(0, 0, time.Second))
		assert.False(t, l.Silent(0, 0, time.Second))
		assert.False(t, l.Silent(0, time.Second, time.Hour), "it was held for a second")
		assert.False(t, l.Silent(0, 0, time.Second))
		l.News()
	}
	assert.Equal(t, time.Minute, l.Length(0, instant.Forever))
}

func TestWhereAJobLeavesItsBatchToBeHeldOneIsTriedAtATime(t *testing.T) {
	t.Parallel()
	l := holding.Line{Priced: true}
	tried := 0
	for now := time.Duration(0); now < 24*time.Hour; now += 100 * time.Millisecond {
		out := false
		for range 2 { // jobs that are due together
			if l.Length(now, instant.Forever) > 0 {
				l.Began(now)
				tried++
				assert.Zero(t, l.Length(now, instant.Forever), "one is tried")
				out = true
			}
		}
		if out {
			l.Unsupported(now)
		}
	}
	assert.LessOrEqual(t, tried, 30, "in a day")
	assert.GreaterOrEqual(t, tried, 24)

	l = holding.Line{Priced: true}
	l.Began(0)
	assert.Zero(t, l.Length(time.Second-1, instant.Forever))
	assert.NotZero(t, l.Length(time.Second, instant.Forever), "it is held")
	l.Began(time.Second)
	assert.NotZero(t, l.Length(time.Second, instant.Forever), "so others are, too")

	l = holding.Line{Priced: true}
	l.Began(0)
	l.News()
	assert.NotZero(t, l.Length(0, instant.Forever), "it was held")
	l.Unsupported(0)
	assert.NotZero(t, l.Length(time.Minute, instant.Forever), "the while has not doubled")
}

func TestALengthIsWithinItsBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var l holding.Line
		span := rapid.Int64Range(0, int64(2*time.Hour))
		now := time.Duration(0)
		for range 50 {
			now += time.Duration(span.Draw(t, "passes"))
			d, took, left := time.Duration(span.Draw(t, "d")), time.Duration(span.Draw(t, "took")), time.Duration(span.Draw(t, "left"))
			switch rapid.IntRange(0, 2).Draw(t, "what") {
			case 0:
				l.Failed(now, d, took)
			case 1:
				l.Silent(now, took, left)
			case 2:
				l.News()
			}
			if got := l.Length(now, left); got != 0 {
				assert.GreaterOrEqual(t, got, holding.Shortest)
				assert.LessOrEqual(t, got, min(left, holding.Longest))
			}
		}
	})
}

func TestTheFewerHoldsAreFreeTheFewerJobsAreHeld(t *testing.T) {
	t.Parallel()
	var c holding.Choice
	assert.True(t, c.Admit(-1, 1, 64), "nothing is known of others")
	for range 1000 {
		for rank := range 10 {
			c.Admit(float64(rank), 0, 64)
		}
	}
	for _, test := range []struct {
		free int
		want int // of ten kinds of jobs
	}{{0, 0}, {1, 2}, {4, 5}, {8, 10}, {64, 10}} {
		held := 0
		for rank := range 10 {
			c := c
			if c.Admit(float64(rank), test.free, 64) {
				held++
				assert.True(t, c.Admit(9, test.free, 64), "the likeliest are held first")
			}
		}
		assert.Equal(t, test.want, held, "%d free", test.free)
	}
	var alike holding.Choice
	for range 1000 {
		assert.True(t, alike.Admit(7, 1, 64), "where all are alike, whoever is due")
	}
	assert.False(t, alike.Admit(math.NaN(), 64, 64))
}

// holdsOf returns how many of the holds within a time last as long as the line asks for, and how
// many a proxy cuts.
func holdsOf(l *holding.Line, now, until, proxy time.Duration) (lasted, cut int) {
	for now < until {
		d := l.Length(now, instant.Forever)
		if now += min(d, proxy); d < proxy {
			lasted++
			l.Silent(now, d, d)
		} else {
			cut++
			l.Failed(now, d, proxy)
		}
	}
	return lasted, cut
}

func TestOneCutDoesNotShortenHoldsForEver(t *testing.T) {
	t.Parallel()
	var l holding.Line
	for day := range 3 {
		now := time.Duration(day) * 24 * time.Hour
		l.Failed(now, time.Minute, 3*time.Second)
		assert.Equal(t, 2250*time.Millisecond, l.Length(now, instant.Forever))
		now += time.Hour
		holdsOf(&l, now-time.Hour, now, instant.Forever)
		assert.GreaterOrEqual(t, l.Length(now, instant.Forever), 30*time.Second)
	}
}

func TestTheProxyIsTriedEverMoreSeldom(t *testing.T) {
	t.Parallel()
	for _, proxy := range []time.Duration{5 * time.Second, 20 * time.Second, 31 * time.Second, 50 * time.Second} {
		var l holding.Line
		lasted, cut := holdsOf(&l, 0, 24*time.Hour, proxy)
		assert.LessOrEqual(t, cut, 15, proxy)
		assert.LessOrEqual(t, lasted, int(24*time.Hour*18/10/proxy), proxy)
	}
}

func TestNoMoreIsHeldThanThereIsRoomFor(t *testing.T) {
	t.Parallel()
	l := holding.Line{Priced: true}
	l.Began(0)
	l.News()
	for others := 7; others >= 2; others-- { // all holds that began together
		l.Crowded(time.Second, others)
		assert.Equal(t, others, l.Most(time.Second, 8))
	}
	l.Crowded(2*time.Second, 5)
	assert.Equal(t, 2, l.Most(2*time.Second, 8))
	assert.Equal(t, 1, l.Most(2*time.Second, 1))
	assert.Equal(t, time.Minute, l.Length(2*time.Second, instant.Forever), "the others are held")
	assert.Equal(t, 8, l.Most(time.Minute+time.Second, 8), "there may be room again")

	l = holding.Line{Priced: true}
	l.Began(0)
	l.Crowded(time.Second, 0)
	assert.Zero(t, l.Most(time.Second, 8))
	l.Began(time.Minute)
	assert.Zero(t, l.Length(time.Minute, instant.Forever), "it is tried again")
}

func TestWhatSaysNothingAboutLengthsChangesNone(t *testing.T) {
	t.Parallel()
	var l holding.Line
	assert.True(t, l.Unheld(0, 0), "it is told")
	assert.Zero(t, l.Length(59*time.Second, instant.Forever))
	assert.False(t, l.Unheld(time.Minute, 10*time.Second), "a job was deleted")
	assert.False(t, l.Refused(time.Minute, time.Minute, 10*time.Second), "a refused length is refused at once")
	assert.Equal(t, time.Minute, l.Length(time.Minute, instant.Forever))
}

// A hold may be refused because a token was revoked, for example.
func TestOneRefusalDoesNotShortenHoldsForEver(t *testing.T) {
	t.Parallel()
	var l holding.Line
	l.Refused(0, time.Minute, 0)
	assert.Equal(t, 30*time.Second, l.Length(time.Minute, instant.Forever))
	holdsOf(&l, time.Minute, time.Hour, instant.Forever)
	assert.Equal(t, 45*time.Second, l.Length(time.Hour, instant.Forever))
}

// All waits may be too short for the longest hold.
func TestARefusedHoldIsFollowedByAShorterOneWhereWaitsAreShort(t *testing.T) {
	t.Parallel()
	var l holding.Line
	l.Refused(0, 24*time.Second, 0)
	assert.Equal(t, 12*time.Second, l.Length(time.Minute, 24*time.Second))
	l.Refused(time.Minute, time.Minute, 0)
	assert.Equal(t, 12*time.Second, l.Length(2*time.Minute, 24*time.Second), "that hold began before")
}

// The holds of a service that restarts fail together.
func TestARestartDoesNotChangeTheLimitOfTheProxy(t *testing.T) {
	t.Parallel()
	var l holding.Line
	l.Failed(0, time.Minute, 30*time.Second)
	for _, took := range []time.Duration{time.Second, 10 * time.Second, 20 * time.Second} {
		l.Failed(time.Hour, 22500*time.Millisecond, took)
	}
	assert.Equal(t, 22500*time.Millisecond, l.Length(2*time.Hour, instant.Forever))
}
