package adaptive_test

import (
	"testing"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
	"github.com/iamber12/job-status-monitoring/backoff/backofftest"
)

func TestLearnerKeepsTheRulesOfAStrategy(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]adaptive.Option{
		"default": nil,
		"worth":   {adaptive.Worth(time.Second), adaptive.Within(0.2)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			backofftest.Run(t, func() backoff.Strategy { return adaptive.New(opts...) }, backofftest.Limits{Floor: time.Millisecond})
		})
	}
}
