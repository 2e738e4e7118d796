package fleet

import (
	"context"
	"sync"
	"time"
)

// loop is the goroutine of a call of Run. Only this goroutine uses the worker's state, so the state
// has no lock. Other goroutines call post to change it: post is safe for concurrent use. Only the
// loop's goroutine calls the other methods.
type loop struct {
	life   context.Context // the context of all goroutines that were started
	end    context.CancelFunc
	events chan func()   // the posted functions; the loop calls one after the other
	gone   chan struct{} // closed when the loop calls no more functions
	group  sync.WaitGroup
}

// newLoop returns a loop that continues after ctx has ended, until close.
func newLoop(ctx context.Context) *loop {
	l := &loop{events: make(chan func()), gone: make(chan struct{})}
	l.life, l.end = context.WithCancel(context.WithoutCancel(ctx))
	return l
}

// post makes the loop call do. It blocks until the loop receives do. If the loop has ended, do is
// not called.
func (l *loop) post(do func()) {
	select {
	case l.events <- do:
	case <-l.gone:
	}
}

// start calls do on a new goroutine. The function do must return soon after ctx ends.
func (l *loop) start(do func(ctx context.Context)) {
	l.group.Go(func() { do(l.life) })
}

// ask calls question on a new goroutine, for at most limit, and posts the function that it returns.
func (l *loop) ask(limit time.Duration, question func(ctx context.Context) (answered func())) {
	l.start(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		l.post(question(ctx))
	})
}

// close ends all goroutines that were started, and waits for them. The loop calls it at its own
// end.
func (l *loop) close() {
	l.end()
	close(l.gone)
	l.group.Wait()
}
