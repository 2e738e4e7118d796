package timeline

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/boundary"
	"github.com/iamber12/job-status-monitoring/internal/sighting"
	"github.com/iamber12/job-status-monitoring/transport"
)

// A call is one request in flight, about one watch or a batch. A worker reuses one call for all its
// requests.
type call struct {
	progress
	ctx      context.Context
	cancel   context.CancelCauseFunc
	observed context.Context // ctx as the Observer made it
	unbind   func()          // frees observed; nil if there is nothing to free
	polls    []poll
	ids      []string
	lane     *lane
	hold     time.Duration // for how long the service is to keep it, 0 if it is not
	polled   bool          // the service could not be asked to keep it, and was polled
	tried    bool          // its job is asked about alone because batches fail
	asked    time.Duration // when
	ended    time.Duration // when it was answered or failed
	claim    atomic.Int32  // who deals with the request's end: see claimed
	answer
	flying
}

// progress is how far the worker of a call has come.
type progress struct {
	work  func() // what the worker does, made once so that a worker is started without allocating
	stage stage  // what comes next
	at    int    // the poll that is judged next

	// Which plugin is being called, without the lock. If it ends the goroutine, it is not called a
	// second time.
	ranking  bool // the Backoff ranks what is due
	choosing bool // likewise, who is held
	asking   bool // the Backoff is asked once more about a poll that is due
	inside   bool // the Transport is asked
}

// answer is the outcome of a call.
type answer struct {
	status    transport.Status     // about one job
	batch     []transport.Answer   // about many
	batchErrs []sighting.PollError // of the answers in batch, nil if none has an error
	pollErr   sighting.PollError   // of the whole request
	split     bool                 // the batch is asked about again, in parts
	answers   map[string]int       // places in batch
	named     int                  // jobs of the batch that the answer is about
}

// flying is the part of a call in flight that other goroutines than its worker use. It is guarded
// by core.mu.
type flying struct {
	until          time.Duration // when to cancel it, and once it is canceled, when to write it off
	present        int           // polls whose watch is still waited for
	leavers        []*Consumer   // that wait for its end
	cause          error         // why it was canceled, nil if it was not
	in             *flight       // the list that it is in, nil if it is in none
	next, previous *call
}

// stage is what the worker of a call does next. It is set before each call of a plugin. If the
// plugin ends the goroutine, another goroutine continues from there.
type stage uint8

const (
	stageTake     stage = iota // takes what is due
	stageFit                   // puts back what does not fit into one request
	stageAnnounce              // tells the Observer that a poll starts
	stageAsk                   // makes the request
	stageConclude              // sees to it that nobody else deals with the end of the request
	stageDivide                // gives each watch its part of the answer
	stageReport                // tells the Observer that the request has ended
	stageJudge                 // decides what each watch does next
	stageSettle                // tells the waiters
)

// The values of claim say who handles the end of a request: its worker, or another one if it was
// written off.
const (
	unclaimed int32 = iota // its worker prepares it
	asking                 // its worker has made all that another one would need
	claimedByWorker
	writtenOff
)

// errCut is the cause of a hold that was canceled because a poll is needed sooner.
var errCut = errors.New("the request is held no longer")

// abandonedLocked reports whether c was canceled because its last waiter left, or at Close. Such an
// end says nothing about the service.
func (c *call) abandonedLocked() bool {
	return c.cause != nil && c.cause != ErrPollTimeout
}

// dropped is abandonedLocked for the worker of c, which does not hold mu.
func (c *call) dropped() bool {
	if c.ctx == nil {
		return false
	}
	why := context.Cause(c.ctx)
	return why != nil && why != ErrPollTimeout
}

// leftByLocked makes who wait for the end of c.
func (c *call) leftByLocked(who *Consumer) {
	if n := len(c.leavers); n > 0 && c.leavers[n-1] == who {
		return
	}
	c.leavers = append(c.leavers, who)
	who.flying++
}

// overLocked tells the Consumers that have left c that it has ended.
func (c *call) overLocked() {
	for _, who := range c.leavers {
		who.flying--
		who.wakeUpLocked()
	}
	c.leavers = nil
}

// add adds a poll of x, which is of the given kind, to c.
func (c *call) add(x *watch, kind string, now time.Duration) {
	if len(c.polls) == cap(c.polls) {
		c.polls = append(c.polls, poll{})
	} else {
		c.polls = c.polls[:len(c.polls)+1]
	}
	p := &c.polls[len(c.polls)-1]
	p.x, p.last, p.kind = x, x.seen, kind
	if c.hold == 0 && x.isAskedAfresh(now) {
		p.last = nil
	}
}

// isHold reports whether the service was asked to keep the request of c.
func (c *call) isHold() bool { return c.hold > 0 && !c.polled }

// newsAfter is how long the service must have kept a request so that its answer counts as sent at
// the change of the job.
const newsAfter = time.Second

// alive returns the age until which the job of x certainly ran. If the service held the request of
// c until the job changed, that is the age at the end of c. Otherwise alive returns 0.
func (c *call) alive(x *watch) time.Duration {
	if c.isHold() && c.ended-c.asked >= newsAfter {
		return c.ended - x.began
	}
	return 0
}

// ageSeen returns the latest age of x at which the answer to c was certainly true.
func (c *call) ageSeen(x *watch) time.Duration { return max(c.alive(x), c.asked-x.began) }

// A poll is a watch's part in a call.
type poll struct {
	x       *watch
	last    *sighting.Sighting // what x has seen before; nil if that is nothing, or is not to be asked by
	kind    string
	status  *transport.Status  // the answer, nil if there was none
	pollErr sighting.PollError // why there was none
	again   bool               // it is asked about again at once, and this poll does not count
	entered bool               // it was begun to judge it
	judged  bool               // that is done
	verdict
}

// A verdict is what a poll means for its watch.
type verdict struct {
	seen       *sighting.Sighting
	changed    bool  // a consumer is told of seen
	over       bool  // the watch is
	why        error // without the job's end
	wait       time.Duration
	retryAfter time.Duration // the wait that the service asks for
	silent     bool          // the service kept the request, and has nothing new to say
	due        time.Duration // then, the wait after which a poll would have come
}

// breakOff ends the watch of p with err, because a plugin panicked or ended its goroutine.
func (p *poll) breakOff(err error) {
	if p.over, p.why = true, err; p.seen != nil {
		return
	}
	s := sighting.Sighting{PollError: boundary.Broken(err)}
	if last := p.x.seen; last != nil {
		s.Status, s.Answered = last.Status, last.Answered
	}
	p.seen = &s
}
