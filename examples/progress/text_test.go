package main

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/observe"
	"github.com/iamber12/job-status-monitoring/transport"
)

func TestLineOfAnEndedJob(t *testing.T) {
	t.Parallel()
	e := observe.Event{ID: "render-001", Attempt: 12, Elapsed: 90 * time.Second, Delay: 1234 * time.Millisecond,
		Status: transport.Status{State: transport.Failed, Message: "no\nspace"}}
	assert.Equal(t, `render-001     failed      1m30s  12 polls  at most 1.2s late  "no\nspace"`, endLine(&e))
	e.Status = transport.Status{State: transport.Completed}
	assert.Equal(t, "render-001     completed   1m30s  12 polls  at most 1.2s late", endLine(&e))
	e.Err = errors.New("timeout reached")
	assert.Equal(t, `render-001     gave up     1m30s  12 polls  "timeout reached"`, endLine(&e))
}

func TestTotalsNameWhatHappened(t *testing.T) {
	t.Parallel()
	s := jobstatus.Stats{Waiting: 24, Overdue: 2, InFlight: 3, Completed: 10, Failed: 3, Canceled: 1, GaveUp: 4, Requests: 238, Errors: 5,
		Rate: 13.52, Lag: 1240 * time.Millisecond}
	s.Delay.P50, s.Delay.P90 = time.Second, 2*time.Second
	assert.Equal(t, "waiting 24 · in flight 3 · completed 10 · failed 3 · canceled 1 · gave up 4 · overdue 2, by 1.2s", jobsLine(s))
	assert.Equal(t, "requests 238, 13.5 a second · no answer 5 · late by 1.0s, one in ten by 2.0s", pollsLine(s))
	assert.Equal(t, 18, ended(s))
}
