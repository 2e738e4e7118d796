package webhook

import (
	"context"
	"errors"
	"sync"
	"time"
)

// errBroken is the error of a passage during which a listener or the Relay panicked.
var errBroken = errors.New("it was not passed on")

// A passage is a delivery that is being passed on. Repetitions wait for its outcome, because they
// must not be accepted if it fails.
type passage struct {
	over chan struct{}
	err  error // may be read once over is closed
}

// await returns the outcome of p, or an error if ctx ends first. A nil p was passed on earlier.
func (p *passage) await(ctx context.Context) error {
	if p == nil {
		return nil
	}
	select {
	case <-p.over:
		return p.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// deliveries remembers the deliveries that are being passed on and those that were passed on
// recently. The zero value is ready to use. It is safe for concurrent use.
type deliveries struct {
	mu      sync.Mutex
	recent  recent
	passing map[fingerprint]*passage
}

// begin returns the passage of a delivery, or nil if it was passed on earlier. It reports whether
// the delivery is the first with its key. The caller must then call end.
func (d *deliveries) begin(key fingerprint, now time.Time) (p *passage, isFirst bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p := d.passing[key]; p != nil {
		return p, false
	}
	if !d.recent.add(key, now) {
		return nil, false
	}
	p = &passage{over: make(chan struct{}), err: errBroken}
	if d.passing == nil {
		d.passing = map[fingerprint]*passage{}
	}
	d.passing[key] = p
	return p, true
}

// end ends a passage. A delivery that was not passed on is forgotten.
func (d *deliveries) end(key fingerprint, p *passage) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.passing, key)
	if p.err != nil {
		d.recent.remove(key)
	}
	close(p.over)
}
