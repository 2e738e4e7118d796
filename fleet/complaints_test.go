package fleet

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// A stream that an operator has deleted, or a permission that is missing, holds up calls until
// their contexts end. The log must say so, without a line for each of thousands of calls.
func TestWhatHoldsUpCallsIsLoggedNowAndThen(t *testing.T) {
	t.Parallel()
	calls := map[string]func(ctx context.Context, f *Fleet, id string){
		"submit": func(ctx context.Context, f *Fleet, id string) { _ = f.Submit(ctx, Job{ID: id}) },
		"wait":   func(ctx context.Context, f *Fleet, id string) { _, _ = f.Wait(ctx, id) },
		"forget": func(ctx context.Context, f *Fleet, id string) { _ = f.Forget(ctx, id) },
		"ends": func(ctx context.Context, f *Fleet, _ string) {
			for range f.Ends(ctx) {
			}
		},
	}
	for name, call := range calls {
		core, logs := observer.New(zap.WarnLevel)
		playVirtually(t, time.Hour, func(s *stage) {
			l := s.memory.link()
			f := s.fleet(l)
			l.cut(true)
			ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
			defer cancel()
			var group sync.WaitGroup
			for i := range 20 {
				group.Go(func() { call(ctx, f, fmt.Sprint(i)) })
			}
			group.Wait()
			n := logs.FilterMessage("a request to the server is repeated").Len()
			assert.GreaterOrEqual(t, n, 2, name)
			assert.LessOrEqual(t, n, 7, name)
		}, Logger(zap.New(core)))
	}
}
