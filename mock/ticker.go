package mock

import (
	"time"

	"github.com/benbjohnson/clock"
)

// noTickers is the part of a [clock.Clock] that a Clock does not have.
type noTickers struct{ test TB }

// Ticker fails the test: the Clock has no tickers.
func (n noTickers) Ticker(time.Duration) *clock.Ticker {
	n.test.Helper()
	n.test.Fatalf("mock: the Clock has no tickers: set a timer again each time it fires")
	return nil
}

// Tick fails the test: the Clock has no tickers.
func (n noTickers) Tick(d time.Duration) <-chan time.Time {
	n.test.Helper()
	return n.Ticker(d).C
}
