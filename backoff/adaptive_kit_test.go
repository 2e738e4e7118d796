package backoff_test

import (
	"testing"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/backoff/backofftest"
)

func TestAdaptiveKeepsTheRulesOfAStrategy(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]backoff.AdaptiveOption{
		"default": nil,
		"worth":   {backoff.Worth(time.Second)},
		"within":  {backoff.About(3), backoff.Within(0.2)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			backofftest.Run(t, func() backoff.Strategy { return backoff.NewAdaptive(opts...) }, backofftest.Limits{Floor: time.Millisecond})
		})
	}
}
