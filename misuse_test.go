package jobstatus_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/transport"
)

func TestAnIDThatAFeedHasTwiceHasTwoResults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		w := feedWatcher(t, d, jobstatus.WithBackoff(backoff.Constant(time.Second)))
		go func() {
			time.Sleep(29500 * time.Millisecond)
			d.end("a", transport.Completed)
		}()
		began := time.Now()
		var results []string
		for st, err := range w.WaitForFeed(t.Context(), feedOf(
			jobstatus.Job{ID: "a", Kind: "k", Timeout: 10 * time.Second},
			jobstatus.Job{ID: "a", Kind: "l", Timeout: time.Hour, Began: began.Add(-time.Minute)},
		)) {
			results = append(results, fmt.Sprint(st.State, " ", err == nil, " ", time.Since(began).Round(time.Second)))
		}
		assert.Equal(t, []string{"running false 10s", "completed true 30s"}, results)
		assert.Len(t, d.of("a"), 31, "they share the polls")
		s := w.Stats()
		assert.Zero(t, s.Waits)
		assert.Zero(t, s.Kinds["k"].Waits+s.Kinds["l"].Waits)
	})
}

// fault 35: a Backoff that panics while a resumed wait is computed ends only that wait.
func TestABackoffThatPanicsWhileItIsFollowedEndsThatWaitAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		d.end("good", transport.Completed)
		w := feedWatcher(t, d, jobstatus.WithBackoff(backoff.Func(func(p backoff.Poll) time.Duration {
			if p.Key == "bad" && p.Attempt == 5 {
				panic("next")
			}
			return time.Second
		})))
		began := time.Now().Add(-time.Minute)
		got := map[string]error{}
		for st, err := range w.WaitForFeed(t.Context(), feedOf(jobstatus.Job{ID: "bad", Began: began}, jobstatus.Job{ID: "good", Began: began})) {
			got[st.ID] = err
		}
		var panicked *jobstatus.PanicError
		require.ErrorAs(t, got["bad"], &panicked)
		require.Contains(t, got, "good")
		require.NoError(t, got["good"])
		assert.Empty(t, d.of("bad"))
	})
}

// confused is a Holder that answers holds with the status of another job.
type confused struct{ *diary }

func (c *confused) Hold(context.Context, string, transport.Status, time.Duration) (transport.Status, error) {
	return transport.Status{ID: "other", State: transport.Running}, nil
}

func TestAHeldAnswerIsThatOfTheJobThatWasAskedAbout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &confused{newDiary()}
		w := feedWatcher(t, c, jobstatus.WithBackoff(backoff.Constant(time.Second)))
		go func() {
			time.Sleep(20 * time.Second)
			c.end("a", transport.Completed)
		}()
		st, err := w.WaitForJob(t.Context(), "a")
		require.NoError(t, err)
		assert.Equal(t, "a", st.ID)
	})
}

func TestCloseEndsWhatIsHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newKeeper()
		w := feedWatcher(t, k, jobstatus.WithBackoff(backoff.Constant(time.Second)), jobstatus.WithTimeout(time.Hour))
		end := heardBy(t.Context(), w, "a")
		time.Sleep(10 * time.Second)
		require.Equal(t, 1, w.Stats().Held)
		began := time.Now()
		require.NoError(t, w.Close())
		require.ErrorIs(t, (<-end).err, jobstatus.ErrClosed)
		assert.Zero(t, time.Since(began))
		assert.Zero(t, w.Stats().Held)
	})
}

func TestTheLimitMayBeChangedByManyAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		w := feedWatcher(t, d, jobstatus.WithBackoff(backoff.Constant(time.Second)), jobstatus.WithTimeout(time.Minute))
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				for n := range 50 {
					assert.NoError(t, w.SetRateLimit(float64(1+(i+n)%3)*100, n%3))
					time.Sleep(time.Second)
				}
			})
			group.Go(func() {
				_, err := w.WaitForJob(t.Context(), fmt.Sprint(i))
				assert.ErrorIs(t, err, jobstatus.ErrTimeout)
			})
		}
		group.Wait()
		assert.Greater(t, d.count(), 8*40)
	})
}

// fault 35: if a Backoff ends the goroutine on which a job joins, the feed ends with an error, and
// no other wait ends.
func TestABackoffThatEndsTheGoroutineOfAFeedEndsTheFeedAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		w := feedWatcher(t, d, jobstatus.WithBackoff(backoff.Func(func(p backoff.Poll) time.Duration {
			if p.Key == "bad" {
				runtime.Goexit()
			}
			return time.Second
		})))
		go func() {
			time.Sleep(10 * time.Second)
			d.end("good", transport.Completed)
		}()
		var results []string
		for st, err := range w.WaitForFeed(t.Context(), feedOf(jobstatus.Job{ID: "good"}, jobstatus.Job{ID: "bad"}, jobstatus.Job{ID: "lost"})) {
			var panicked *jobstatus.PanicError
			results = append(results, fmt.Sprint(st.ID, " ", st.State, " ", errors.As(err, &panicked)))
		}
		assert.Equal(t, []string{"bad unknown true", "good completed false", " unknown true"}, results)
		assert.Zero(t, w.Stats().Waits)
	})
}
