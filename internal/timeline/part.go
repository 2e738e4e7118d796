package timeline

import (
	"time"

	"github.com/iamber12/job-status-monitoring/internal/figures"
)

// A part holds what the waiters of one Consumer for jobs of one kind share.
type part struct {
	consumer *Consumer
	kind     string
	figures  *figures.Kind
	users    int // the number of its waiters and of joins in progress
	// interval is the time over which the first polls of its jobs are spread, or 0 until that is
	// computed. Only the goroutine that joins uses it.
	interval time.Duration
}

// parts are the parts of one Consumer.
type parts struct {
	own   *part            // the part for the kind of its Limits
	other map[string]*part // the parts for other kinds
}

// acquire returns the part of c for one kind, and makes it if there is none. The caller must
// release it.
func (ps *parts) acquire(c *Consumer, kind string, figures *figures.Figures) *part {
	p := ps.own
	if kind != c.Kind {
		p = ps.other[kind]
	}
	if p == nil {
		p = &part{consumer: c, kind: kind, figures: figures.Of(kind)}
		switch {
		case kind == c.Kind:
			ps.own = p
		case ps.other == nil:
			ps.other = make(map[string]*part)
			fallthrough
		default:
			ps.other[kind] = p
		}
	}
	p.users++
	return p
}

// release gives p back. A part without users is removed, so that a Consumer can run forever.
func (p *part) release() {
	ps := &p.consumer.parts
	if p.users--; p.users == 0 && p != ps.own {
		delete(ps.other, p.kind)
	}
}
