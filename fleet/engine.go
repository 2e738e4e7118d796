package fleet

import (
	"context"
	"errors"
	"time"
)

// engine is what a fleet needs of JetStream. Tests have one in memory.
type engine interface {
	// publish stores a message and returns its sequence. The error matches errTaken if the newest
	// message that m.filter matches is not the one with the sequence m.after. It matches errRefused
	// if the server says that it cannot store the message. After any other error it is unknown
	// whether the message is stored.
	publish(ctx context.Context, m outgoing) (seq uint64, err error)
	// remove deletes a message of the jobs or of what was learned. It is no error if there is none.
	remove(ctx context.Context, s store, seq uint64) error
	// last returns the newest message of the jobs' stream that the filter matches, or errNone.
	last(ctx context.Context, filter string) (message, error)
	// follow calls each for the messages that f matches, in their order and one at a time, and
	// then for new ones. It returns when ctx ends, and with an error if it can go on no more.
	// caughtUp is called once, when all messages that were stored before are through.
	follow(ctx context.Context, f following, each func(message), caughtUp func()) error
	// receive calls each for the ends that nobody has acknowledged. Those that are not settled in
	// time come again, here or in another process. It returns as follow does.
	receive(ctx context.Context, each func(delivery)) error
	// tell gives an event to whoever hears a partition. It reports whether somebody heard it. It
	// returns as soon as that is known. Nothing is stored.
	tell(ctx context.Context, partition int, event []byte) (heard bool, err error)
	// hear calls each for the events of a partition until ctx ends. each reports whether it heard
	// the event, and does not block.
	hear(ctx context.Context, partition int, each func(event []byte) bool) error
	// online calls ready once the server can be reached. It returns when the server is lost, and
	// when ctx ends.
	online(ctx context.Context, ready func()) error
	// backlog returns how many ends nobody has acknowledged, and up to which sequence all are. An
	// end is acknowledged after it was removed, so one up to there came back: see [register.acked].
	backlog(ctx context.Context) (waiting int, acked uint64, err error)
}

var (
	// errTaken is the error of a conditional write that another one came before.
	errTaken = errors.New("another message was first")
	// errRefused is the error of a write that the server did not take, as on a full disk.
	errRefused = errors.New("the server refused the message")
	// errLost is the error of all methods once the connection is closed for good.
	errLost = errors.New("the connection to the server is closed")
	// errNone is the error of last if no message matches.
	errNone = errors.New("no such message")
)

// store is one of the streams of a fleet.
type store uint8

const (
	jobs    store = iota // submissions and ends
	members              // heartbeats of the workers, by member
	owners               // who owns a partition, by partition
	learned              // what workers have learned, each under a subject of its own
)

// outgoing is a message to be stored.
type outgoing struct {
	store   store
	subject string
	data    []byte
	// always stores the message without a condition.
	always bool
	// after is the sequence of the newest message that the filter may match. 0 means that there is
	// none. Without a filter that of the same subject counts.
	after  uint64
	filter string
	// nonce makes it safe to store the message again if the outcome of publish is unknown. The
	// server remembers it for half a minute.
	nonce string
}

// message is a message that was stored.
type message struct {
	subject string
	seq     uint64
	at      time.Time // by the server's clock
	data    []byte
	// after is the sequence of the newest message of the same job when this one was stored, as the
	// server compared it. It is 0 if there was none, or if the server compared nothing.
	after uint64
	more  bool // others that are followed were stored after it when it was delivered
}

// following says what to follow.
type following struct {
	store  store
	filter string // in the jobs' stream; "" matches all messages, and is quicker than a pattern
	// after is the sequence after which to begin. In other stores only the newest message of each
	// key is followed.
	after uint64
}

// delivery is an end that waits for its acknowledgement.
type delivery struct {
	message
	ack   func() error
	term  func() error                    // never deliver it again
	later func(after time.Duration) error // deliver it again after a while
}
