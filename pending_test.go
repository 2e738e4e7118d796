package jobstatus_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
)

func TestPendingYieldsWhatIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newCounter()
		w, err := jobstatus.New(s, jobstatus.WithTimeout(time.Hour))
		require.NoError(t, err)
		defer w.Close()
		began := time.Now()
		_ = heardBy(t.Context(), w, "a", jobstatus.Kind("encode"))
		time.Sleep(time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		left := heardBy(ctx, w, "b")
		got := map[string]jobstatus.Job{}
		for j := range w.Pending() {
			got[j.ID] = j
		}
		require.Len(t, got, 2)
		assert.Equal(t, jobstatus.Job{ID: "a", Kind: "encode", Began: began, PolledUntil: time.Now(), Timeout: time.Hour,
			Last: jobstatus.Status{ID: "a", State: jobstatus.Running}}, got["a"])
		assert.Equal(t, began.Add(time.Minute), got["b"].Began)
		cancel()
		<-left
		for j := range w.Pending() {
			assert.Equal(t, "a", j.ID)
		}
	})
	for range (*jobstatus.Watcher)(nil).Pending() {
		t.Fatal("a nil Watcher waits for nothing")
	}
}
