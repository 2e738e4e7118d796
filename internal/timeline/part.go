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
	holders  int // its waiters, and whoever joins
	// interval is the time over which the first polls of its jobs are spread, or 0 until that is
	// known. Only the goroutine that joins uses it.
	interval time.Duration
}

// parts are those of one Consumer.
type parts struct {
	own   *part            // of the jobs of the kind of its Limits
	other map[string]*part // of those of other kinds
}

// hold returns the part of c for one kind, and makes it if there is none. The caller must release
// it by leave.
func (ps *parts) hold(c *Consumer, kind string, figures *figures.Figures) *part {
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
	p.holders++
	return p
}

// leave releases p. A part that nobody holds is dropped, so that a Consumer can be endless.
func (p *part) leave() {
	ps := &p.consumer.parts
	if p.holders--; p.holders == 0 && p != ps.own {
		delete(ps.other, p.kind)
	}
}
