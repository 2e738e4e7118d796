package wait

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A wall is a clock that stands where it was set.
type wall struct {
	clock.Clock
	at atomic.Pointer[time.Time]
}

func (w *wall) set(t time.Time) { w.at.Store(&t) }
func (w *wall) Now() time.Time  { return *w.at.Load() }

// fault 40: instants go on from the newest one if the clock is set back, and keep to its time.
func TestInstantsNeverGoBack(t *testing.T) {
	t.Parallel()
	began := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	clk := &wall{}
	clk.set(began)
	s := NewSteady(clk)
	for _, step := range []struct{ to, want time.Duration }{
		{time.Second, time.Second},
		{time.Hour, time.Hour},
		{time.Minute, time.Hour}, // it is set back
		{time.Minute + time.Second, time.Hour + time.Second},
		{-1e6 * time.Hour, time.Hour + time.Second},
		{-1e6*time.Hour + time.Minute, time.Hour + time.Second + time.Minute},
		{0, 1e6*time.Hour + time.Hour + time.Second},
	} {
		clk.set(began.Add(step.to))
		assert.Equal(t, step.want, s.Now())
		assert.Equal(t, clk.Now(), s.Time(step.want))
		assert.Equal(t, step.want+time.Second, s.Instant(clk.Now().Add(time.Second)))
	}
}

// A clock that is read by many at once is not taken for one that is set back.
func TestInstantsAreThoseOfTheClockWhoeverReadsThem(t *testing.T) {
	t.Parallel()
	clk := &ticking{began: time.Now()}
	s := NewSteady(clk)
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for range 1000 {
				s.Now()
			}
		})
	}
	readers.Wait()
	assert.Equal(t, 8001*time.Nanosecond, s.Now())
}

// A ticking clock moves on by a nanosecond with each reading.
type ticking struct {
	clock.Clock
	began time.Time
	read  atomic.Int64
}

func (c *ticking) Now() time.Time {
	at := c.began.Add(time.Duration(c.read.Add(1) - 1))
	runtime.Gosched() // to another reader
	return at
}

// fault 40: if the wall clock was set since the process started, the age of a job that began at a
// time of the wall clock counts by the clock of now.
func TestTimesAreThoseOfAClockThatWasSet(t *testing.T) {
	t.Parallel()
	for _, set := range []time.Duration{time.Hour, -time.Hour} {
		s := NewSteady(clock.New())
		read := s.epoch
		*(*uint64)(unsafe.Pointer(&s.epoch)) -= uint64(set/time.Second) << 30 // the seconds of the wall clock
		require.Zero(t, s.epoch.Sub(read), "it is the same moment")
		require.Equal(t, -set, s.epoch.Round(0).Sub(read.Round(0)), "the clock was set later")
		at := s.Now()
		assert.WithinDuration(t, read.Round(0), s.Time(at).Round(0), time.Minute)
		assert.InDelta(t, at, s.Instant(s.Time(at)), float64(time.Millisecond))
		assert.InDelta(t, at, s.Instant(time.Now()), float64(time.Minute), "a deadline of a context")
	}
}
