package jobstatus_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
)

// staleCache is a service whose job ends after endsAfter, behind a cache that is out of order: it
// says of each revision that nothing is newer.
type staleCache struct {
	began     time.Time
	endsAfter time.Duration
	afresh    *int
}

func (s staleCache) Status(context.Context, string) (transport.Status, error) {
	*s.afresh++
	if time.Since(s.began) >= s.endsAfter {
		return transport.Status{State: transport.Completed}, nil
	}
	return transport.Status{State: transport.Running, Revision: "1"}, nil
}

func (s staleCache) StatusSince(_ context.Context, _ string, last transport.Status) (transport.Status, error) {
	return last, nil
}

// The last poll is made by a limit of polls, and by the end of a context.
func TestACacheThatIsOutOfOrderHidesNoEndFromTheLastPoll(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]jobstatus.Option{
		"polls": jobstatus.WithMaxAttempts(5), "context": jobstatus.WithTimeout(jobstatus.Unlimited),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := staleCache{time.Now(), 3 * time.Second, new(int)}
				w, err := jobstatus.New(s, every(time.Second), limit)
				require.NoError(t, err)
				defer w.Close()
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				_, err = w.WaitForJob(ctx, "a")
				require.NoError(t, err)
				assert.Equal(t, 2, *s.afresh)
			})
		})
	}
}

func TestACacheThatIsOutOfOrderHidesNoEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		endsAfter, timeout, told time.Duration
		afresh                   int
	}{
		"told by the last poll":       {5 * time.Second, 30 * time.Second, 30 * time.Second, 2},
		"told by one poll of many":    {5 * time.Second, time.Hour, 65 * time.Second, 2},
		"told later by one of many":   {100 * time.Second, time.Hour, 129 * time.Second, 3},
		"told by the last look alone": {200 * time.Second, 250 * time.Second, 250 * time.Second, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := staleCache{time.Now(), c.endsAfter, new(int)}
				w, err := jobstatus.New(s, every(time.Second), jobstatus.WithTimeout(c.timeout))
				require.NoError(t, err)
				defer w.Close()
				_, err = w.WaitForJob(t.Context(), "a")
				require.NoError(t, err)
				assert.InDelta(t, c.told, time.Since(s.began), float64(time.Second))
				assert.Equal(t, c.afresh, *s.afresh, "polls that ask for more than news")
			})
		})
	}
}

// A notification that the job has ended is confirmed by a poll, which the cache must not answer.
func TestACacheThatIsOutOfOrderDoesNotContradictANotification(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := staleCache{time.Now(), 5 * time.Second, new(int)}, newRadio(false)
		w, err := jobstatus.New(s, every(time.Second), jobstatus.WithNotifier(r), jobstatus.WithTimeout(time.Hour))
		require.NoError(t, err)
		defer w.Close()
		time.AfterFunc(6*time.Second, func() { r.say(transport.Status{ID: "a", State: transport.Completed}) })
		_, err = w.WaitForJob(t.Context(), "a")
		require.NoError(t, err)
		assert.Less(t, time.Since(s.began), 7*time.Second)
	})
}
