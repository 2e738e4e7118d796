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
	contexts
	polls  []poll
	ids    []string
	lane   *lane
	hold   time.Duration // how long the service is asked to keep the request, or 0
	polled bool          // a poll was made, because the Transport could not hold the request
	tried  bool          // its job is asked about alone because batches fail
	asked  time.Duration // when the request was made
	ended  time.Duration // when the request was answered or failed
	claim  atomic.Int32  // who handles the end of the request: see unclaimed
	answer
	flying
}

// contexts are the contexts of a call.
type contexts struct {
	ctx      context.Context
	cancel   context.CancelCauseFunc
	observed context.Context // ctx with the values that the Observer has added
	unbind   func()          // frees observed; may be nil
}

// progress is how far the worker of a call has come.
type progress struct {
	work  func() // the function of the worker, made once so that starting a worker does not allocate
	stage stage  // the next stage
	at    int    // the index of the poll that is judged next

	// These fields say which plugin is being called without the lock. If the plugin ends the
	// goroutine, it is not called a second time.
	ranking  bool // the Backoff ranks what is due
	choosing bool // the Backoff ranks a job that may be held
	asking   bool // the Backoff is asked again about a due poll
	inside   bool // the Transport makes the request
}

// answer is the outcome of a call.
type answer struct {
	status    transport.Status     // the answer about one job
	batch     []transport.Answer   // the answers about many jobs
	batchErrs []sighting.PollError // the errors of the answers in batch, or nil if none has an error
	pollErr   sighting.PollError   // the error of the whole request
	split     bool                 // the batch is divided and asked about again
	answers   map[string]int       // the index in batch of the answer about each id
	named     int                  // the number of jobs of the batch that the answer names
}

// flying is the part of a call in flight that other goroutines than its worker use. It is guarded
// by core.mu.
type flying struct {
	until          time.Duration // when to cancel the request, or when to write it off once it is canceled
	present        int           // the number of polls whose watch still has a waiter
	leavers        []*Consumer   // the Consumers that wait for its end
	judging        bool          // its answer is judged; set only if the Backoff is a Learner
	owed           owed          // the outcomes of watches that have ended since then
	cause          error         // why it was canceled, or nil
	in             *flight       // the list that it is in, or nil
	next, previous *call
}

// stage is a step in the work of a call. The next stage is stored before each call of a plugin. If
// the plugin ends the goroutine, another goroutine continues with that stage.
type stage uint8

const (
	stageTake     stage = iota // takes due watches
	stageFit                   // puts back the watches that do not fit into one request
	stageAnnounce              // tells the Observer that a poll starts
	stageAsk                   // makes the request
	stageConclude              // claims the end of the request, so that no other worker handles it
	stageDivide                // gives each watch its part of the answer
	stageReport                // tells the Observer that the request has ended
	stageJudge                 // decides what each watch does next
	stageSettle                // passes the outcome to the waiters
)

// The values of claim say who handles the end of a request: its own worker, or another worker if
// the request was written off.
const (
	unclaimed int32 = iota // its worker prepares the request
	asking                 // its worker has set all fields that another worker would need
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

// dropped is like abandonedLocked, for the worker of c, which does not hold mu.
func (c *call) dropped() bool {
	if c.ctx == nil {
		return false
	}
	why := context.Cause(c.ctx)
	return why != nil && why != ErrPollTimeout
}

// leftByLocked makes the Consumer who wait for the end of c.
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
	*p = poll{x: x, last: x.seen, kind: kind}
	if c.hold == 0 && x.isAskedAfresh(now) {
		p.last = nil
	}
}

// isHold reports whether the service was asked to keep the request of c.
func (c *call) isHold() bool { return c.hold > 0 && !c.polled }

// newsAfter is the duration from which a hold counts as answered at the moment when the job
// changed.
const newsAfter = time.Second

// alive returns the age until which the job of x had certainly not ended. If the service held the
// request of c until the job changed, that is the age at the end of c. Otherwise alive returns 0.
func (c *call) alive(x *watch) time.Duration {
	if c.isHold() && c.ended-c.asked >= newsAfter {
		return c.ended - x.began
	}
	return 0
}

// ageSeen returns the latest age of x at which the answer to c was certainly true.
func (c *call) ageSeen(x *watch) time.Duration { return max(c.alive(x), c.asked-x.began) }

// A poll is the part of a call that is about one watch.
type poll struct {
	x       *watch
	last    *sighting.Sighting // the newest sighting of x; nil if there is none, or if the poll is unconditional
	kind    string
	status  *transport.Status  // the answer, or nil if there was none
	pollErr sighting.PollError // why there was none
	again   bool               // it is asked about again at once, and this poll does not count
	entered bool               // judging it has begun
	judged  bool               // judging it has ended
	left    bool               // its watch had ended before the judging began; set only for a Learner
	alive   time.Duration      // the alive of its watch when the judging began; set only for a Learner
	learned bool               // the Backoff was told that the job has ended
	verdict
}

// A verdict is what a poll means for its watch.
type verdict struct {
	seen       *sighting.Sighting
	changed    bool          // the consumers get seen as an update
	over       bool          // the watch is over
	why        error         // why the watch is over, if the job has not ended
	wait       time.Duration // before the next poll
	retryAfter time.Duration // the wait that the service asks for
	silent     bool          // the hold ended without news
	due        time.Duration // if silent, the wait after which a poll would have been due
}

// breakOff ends the watch of p with err, because a plugin panicked or ended its goroutine.
func (p *poll) breakOff(err error) {
	if p.over, p.why = true, err; p.seen != nil {
		return
	}
	p.seen = new(sighting.Sighting)
	p.seen.Fail(p.x.seen, boundary.Broken(err))
}
