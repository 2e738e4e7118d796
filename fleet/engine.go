package fleet

import (
	"context"
	"errors"
	"time"
)

// engine is the part of JetStream that a fleet uses. Tests have an engine in memory.
type engine interface {
	// publish stores a message and returns its sequence. The error matches errTaken if the newest
	// message that m.filter matches is not the one with the sequence m.after. It matches errRefused
	// if the server says that it cannot store the message, and also ErrFull if it has no room. After
	// any other error it is unknown whether the message is stored.
	publish(ctx context.Context, m outgoing) (seq uint64, err error)
	// remove deletes a message of the stores jobs or learned. It returns nil if the message does not
	// exist.
	remove(ctx context.Context, s store, seq uint64) error
	// last returns the newest message of the jobs' stream that the filter matches, or errNone.
	last(ctx context.Context, filter string) (message, error)
	// follow calls each for the messages that f matches, in their order and one at a time, and then
	// for new ones. It returns when ctx ends, and with an error if it cannot continue. It calls
	// caughtUp once, when it has passed on all messages that were stored before it began. The error
	// matches errRolledBack if the server no longer has the message after which to begin, and may have
	// used its sequence again.
	follow(ctx context.Context, f following, each func(message), caughtUp func()) error
	// receive calls each for the ends that are not acknowledged. An end that is not settled in time is
	// delivered again, here or in another process. It returns like follow.
	receive(ctx context.Context, each func(delivery)) error
	// tell sends an event to the processes that hear a partition. It reports whether one of them heard
	// it, and returns as soon as that is known. It stores nothing.
	tell(ctx context.Context, partition int, event []byte) (heard bool, err error)
	// hear calls each for the events of a partition until ctx ends. The function each must not block.
	// It reports whether it heard the event.
	hear(ctx context.Context, partition int, each func(event []byte) bool) error
	// online calls ready as soon as the server can be reached. It returns when the server is lost or
	// ctx ends.
	online(ctx context.Context, ready func()) error
	// backlog returns how many ends are not acknowledged, and the sequence up to which all ends are.
	// An end is removed before it is acknowledged. So an end up to that sequence that still exists
	// came back after its removal: see [register.acked].
	backlog(ctx context.Context) (waiting int, acked uint64, err error)
	// storage returns the storage limits that apply to the jobs' stream.
	storage(ctx context.Context) ([]use, error)
}

var (
	// errTaken is the error of a conditional write whose condition another write has made false.
	errTaken = errors.New("another message was first")
	// errRefused is the error of a write that the server refused, for example because its disk is
	// full.
	errRefused = errors.New("the server refused the message")
	// errLost is the error of all methods once the connection is closed for good.
	errLost = errors.New("the connection to the server is closed")
	// errRolledBack is the error of follow if the server has lost its newest messages, for example
	// because its machine lost power before they were on the disk.
	errRolledBack = errors.New("the server has lost its newest messages")
	// errNone is the error of last if no message matches.
	errNone = errors.New("no such message")
)

// store is one of the streams of a fleet.
type store uint8

const (
	jobs    store = iota // submissions and ends
	members              // heartbeats of the workers, by member
	owners               // the owner of each partition, by partition
	learned              // what workers have learned, each state under its own subject
)

// outgoing is a message to be stored.
type outgoing struct {
	store   store
	subject string
	data    []byte
	// always means that the message is stored without a condition.
	always bool
	// after is the sequence that the newest message that the filter matches must have. 0 means that
	// there must be none. Without a filter, the newest message of the same subject counts.
	after  uint64
	filter string
	// nonce makes it safe to publish the message again if the outcome is unknown. The server remembers
	// a nonce for half a minute.
	nonce string
}

// message is a message that was stored.
type message struct {
	subject string
	seq     uint64
	at      time.Time // by the server's clock
	data    []byte
	// after is the sequence of the newest message of the same job when this one was stored, if the
	// server compared it. Otherwise, or if there was none, it is 0.
	after uint64
	more  bool // whether matching messages were stored after this one before it was delivered
}

// following selects the messages to follow.
type following struct {
	store  store
	filter string // in the jobs' stream; "" matches all messages, and is faster than a pattern
	// after is the sequence after which to begin. In stores other than jobs, only the newest message
	// of each key is followed.
	after uint64
	// at is when the message with that sequence was stored; zero if that is unknown.
	at time.Time
}

// delivery is an end that waits for its acknowledgement.
type delivery struct {
	message
	deliveries uint64 // how often it was delivered, this time included
	ack        func() error
	term       func() error                    // never deliver it again
	later      func(after time.Duration) error // deliver it again after a while
	handed     func()                          // the loop has it now; the time until it is delivered again counts from now
	// stale reports whether the connection was lost since the delivery. The server may have lost the
	// end, and may have used its sequence for another message.
	stale func() bool
}
