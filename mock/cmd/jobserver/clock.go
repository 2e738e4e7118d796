package main

import (
	"time"

	"github.com/benbjohnson/clock"
)

// scaled is a clock that runs speed times as fast as another.
type scaled struct {
	clock.Clock
	began time.Time
	speed float64
}

func newScaled(clk clock.Clock, speed float64) clock.Clock {
	if speed == 1 {
		return clk
	}
	return scaled{clk, clk.Now(), speed}
}

func (s scaled) Now() time.Time {
	return s.began.Add(time.Duration(float64(s.Clock.Since(s.began)) * s.speed))
}

func (s scaled) Since(t time.Time) time.Duration { return s.Now().Sub(t) }
func (s scaled) Until(t time.Time) time.Duration { return t.Sub(s.Now()) }

// WallTime is the time of the other clock. The signatures of webhooks name it.
func (s scaled) WallTime() time.Time { return s.Clock.Now() }

// AfterFunc is all that a service waits by.
func (s scaled) AfterFunc(d time.Duration, f func()) *clock.Timer {
	return s.Clock.AfterFunc(time.Duration(float64(d)/s.speed), f)
}
