package fleet

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestTheLoopIsToldTheAnswerToWhatItAsks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		l := newLoop(ctx) // it outlives ctx
		began := time.Now()
		var took time.Duration
		l.ask(time.Second, func(ctx context.Context) func() {
			<-ctx.Done()
			after := time.Since(began)
			return func() { took = after }
		})
		(<-l.events)()
		assert.Equal(t, time.Second, took)

		over := false
		l.ask(time.Minute, func(ctx context.Context) func() {
			<-ctx.Done()
			over = true
			return func() { t.Error("the loop is gone") }
		})
		l.start(func(ctx context.Context) { <-ctx.Done(); l.post(func() { t.Error("the loop is gone") }) })
		l.close()
		assert.True(t, over, "close waits for what was started")
		assert.Equal(t, time.Second, time.Since(began))
	})
}
