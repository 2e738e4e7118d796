package jobstatus_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
)

func TestAFeedThatIsLeftDoesNotWaitForAPollThatOthersNeed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &busy{takes: 20 * time.Second}
		w := feedWatcher(t, b)
		other := heardBy(t.Context(), w, "a", jobstatus.Timeout(30*time.Second))
		began := time.Now()
		for range w.WaitForFeed(t.Context(), feedOf(jobstatus.Job{ID: "a"}, jobstatus.Job{ID: "b", Last: transport.Status{State: transport.Completed}})) {
			break
		}
		assert.Zero(t, time.Since(began))
		<-other
		time.Sleep(b.takes)
	})
}
