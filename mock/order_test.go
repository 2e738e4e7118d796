package mock_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/mock"
)

// Polls of one instant share a retry budget. Which of them gets the last of it is the same in each run.
func TestPollsOfOneInstantTakeTheSameCourse(t *testing.T) {
	t.Parallel()
	ids := []string{"a", "b", "c", "d", "e"}
	course := func() (course string) {
		clk := mock.NewClock(t)
		srv := mock.NewServer(t, mock.WithClock(clk), mock.Jobs(slices.Values(ids), mock.Pending(mock.Forever)),
			mock.Fault(mock.Always(), mock.Code(503), mock.RetryAfter("1")))
		w, err := jobstatus.NewHTTP(srv.URL, jobstatus.WithClock(clk), jobstatus.WithMaxAttempts(jobstatus.Unlimited))
		require.NoError(t, err)
		defer w.Close()
		clk.Run(func() {
			for st, err := range w.WaitForJobs(t.Context(), slices.Values(ids), jobstatus.Timeout(time.Minute)) {
				assert.ErrorIs(t, err, jobstatus.ErrTimeout, st.ID)
			}
		})
		for _, id := range ids {
			course += fmt.Sprintln(id) + srv.Timeline(id)
		}
		return course
	}
	want := course()
	for range 5 {
		require.Equal(t, want, course())
	}
}

// A poll may wait for another of the same instant: the Clock begins the next where none of those before it can go on.
func TestPollsOfOneInstantMayWaitForOneAnother(t *testing.T) {
	t.Parallel()
	ids := []string{"a", "b", "c"}
	clk := mock.NewClock(t)
	var group sync.WaitGroup
	group.Add(len(ids))
	w, err := jobstatus.New(&slow{wait: func(context.Context) error {
		group.Done()
		group.Wait()
		return nil
	}}, jobstatus.WithClock(clk))
	require.NoError(t, err)
	clk.Run(func() {
		for st, err := range w.WaitForJobs(t.Context(), slices.Values(ids)) {
			assert.NoError(t, err, st.ID)
		}
		assert.NoError(t, w.Close(), "Close waits for polls that have not begun")
	})
	assert.Zero(t, clk.Since(mock.Start))
}

// Close may be called while polls are still to begin, in Run and after it.
func TestCloseEndsPollsThatHaveNotBegun(t *testing.T) {
	t.Parallel()
	for _, within := range []bool{true, false} {
		clk := mock.NewClock(t)
		w, err := jobstatus.New(&slow{wait: untilEnd}, jobstatus.WithClock(clk), jobstatus.WithPollTimeout(time.Second))
		require.NoError(t, err)
		clk.Run(func() {
			for range w.WaitForJobs(t.Context(), slices.Values([]string{"a", "b", "c", ""})) {
				break
			}
			if within {
				assert.NoError(t, w.Close())
			}
		})
		require.NoError(t, w.Close())
	}
}
