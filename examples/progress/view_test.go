package main

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
)

func TestLinesTellOfEachEndAndTheTotalsNowAndThen(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	f := newFeed(0)
	l := &lines{out: &out, board: f.board, stats: func() jobstatus.Stats { return jobstatus.Stats{Waiting: 7} }}
	draw := func(after time.Duration) string {
		out.Reset()
		require.NoError(t, l.draw(start.Add(after)))
		return out.String()
	}
	const sum = "waiting 7 · in flight 0 · completed 0 · failed 0 · requests 0, 0.0 a second\n"
	assert.Empty(t, draw(0))
	f.ends(transport.Status{ID: "a", State: transport.Completed}, nil)
	assert.Equal(t, "a              completed    0.0s   2 polls  at most 0.4s late\n", draw(time.Second))
	assert.Empty(t, draw(totals-1))
	assert.Equal(t, sum, draw(totals))
	assert.Empty(t, draw(totals+1))
	assert.Equal(t, sum, draw(2*totals))
	out.Reset()
	f.ends(transport.Status{ID: "b", State: transport.Completed}, nil)
	require.NoError(t, l.close(start))
	assert.Equal(t, "b              completed    0.0s   2 polls  at most 0.4s late\n"+sum, out.String())
}

// A counter is a view that counts how often it is drawn.
type counter struct {
	draws, closes int
	err           error
}

func (c *counter) draw(time.Time) error  { c.draws++; return c.err }
func (c *counter) close(time.Time) error { c.closes++; return nil }

func TestViewIsDrawnUntilItIsStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &counter{}
		stop := show(c)
		time.Sleep(10*refreshes + refreshes/2)
		require.NoError(t, stop())
		assert.Equal(t, counter{draws: 10, closes: 1}, *c)

		c = &counter{err: errors.New("terminal gone")}
		stop = show(c)
		time.Sleep(10 * refreshes)
		require.EqualError(t, stop(), "terminal gone")
		assert.Equal(t, 1, c.draws)
	})
}

func TestRowsFitTheTerminal(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 15, fit(&terminal{width: 80, height: 50}, 15))
	assert.Equal(t, 10, fit(&terminal{width: 80, height: 10 + totalLines}, 15))
	assert.Equal(t, 1, fit(&terminal{width: 80, height: 2}, 15))
}
