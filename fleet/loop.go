package fleet

import (
	"context"
	"sync"
	"time"
)

// loop is the goroutine of a call of Run. A worker's state belongs to it alone, so no lock guards
// that state. Other goroutines post what is to change it: post is safe for concurrent use. All else
// belongs to the loop itself.
type loop struct {
	life   context.Context // of all goroutines that were started
	end    context.CancelFunc
	events chan func()   // what was posted; the loop takes one after the other
	gone   chan struct{} // closed when the loop takes no more
	group  sync.WaitGroup
}

// newLoop returns a loop that outlives ctx, until close.
func newLoop(ctx context.Context) *loop {
	l := &loop{events: make(chan func()), gone: make(chan struct{})}
	l.life, l.end = context.WithCancel(context.WithoutCancel(ctx))
	return l
}

// post has do run on the loop. It blocks until the loop takes it, and drops it if the loop is gone.
func (l *loop) post(do func()) {
	select {
	case l.events <- do:
	case <-l.gone:
	}
}

// start runs do on a goroutine of its own. do is to return soon after ctx ends.
func (l *loop) start(do func(ctx context.Context)) {
	l.group.Go(func() { do(l.life) })
}

// ask runs question on a goroutine of its own, for at most limit, and posts what it returns.
func (l *loop) ask(limit time.Duration, question func(ctx context.Context) (answered func())) {
	l.start(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		l.post(question(ctx))
	})
}

// close ends all goroutines that were started, and waits for them. The loop calls it when it takes
// no more.
func (l *loop) close() {
	l.end()
	close(l.gone)
	l.group.Wait()
}
