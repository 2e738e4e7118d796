package fleet

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"time"

	"go.uber.org/zap"

	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
)

// The defaults of the options.
const (
	defaultName       = "fw"
	defaultPartitions = 64
	defaultReplicas   = 1
	defaultLease      = 5 * time.Second
)

const (
	maxPartitions = 1024
	minLease      = 500 * time.Millisecond
	maxLease      = time.Hour
)

// ackWait is the time after which an end that is not acknowledged is delivered again.
const ackWait = 30 * time.Second

// Option sets one property of a [Fleet] that [Open] returns. Open returns an error for a nil Option
// and for a value that an option refuses. A zero value means the default.
type Option func(*config)

type config struct {
	name       string
	partitions int
	replicas   int
	lease      time.Duration
	rate       float64
	logger     *zap.Logger
	learner    *adaptive.Learner
	key        *secret
	ackWait    time.Duration // shorter in tests
	problems   []error
}

func (c *config) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf("fleet: "+format, args...))
}

// Name sets the name of the fleet. Fleets on one server or cluster need different names. The
// stream, its subjects, the buckets and the consumer are named after the fleet. A name has at most
// 32 letters, digits, "-" and "_". The default is "fw".
func Name(name string) Option {
	return func(c *config) {
		if name != "" && !validName.MatchString(name) {
			c.problem("Name(%.64q): want 1 to 32 letters, digits, - or _", name)
			return
		}
		c.name = name
	}
}

var validName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// Partitions sets the number of partitions into which the jobs are divided, at most 1024. A worker
// owns whole partitions, so more workers than partitions are of no use. The number cannot be
// changed once the stream exists. The default is 64.
func Partitions(n int) Option {
	return func(c *config) {
		if n < 0 || n > maxPartitions {
			c.problem("Partitions(%d): must be from 0 to %d", n, maxPartitions)
			return
		}
		c.partitions = n
	}
}

// Replicas sets on how many servers of a cluster the messages are stored: 1, 3 or 5. The number
// cannot be changed once the stream exists. The default is 1, the only value for a single server.
func Replicas(n int) Option {
	return func(c *config) {
		if n != 0 && n != 1 && n != 3 && n != 5 {
			c.problem("Replicas(%d): must be 1, 3 or 5", n)
			return
		}
		c.replicas = n
	}
}

// Lease sets how long a worker keeps its partitions after it no longer responds. A worker that has
// lost its connection to the server stops its polls after four fifths of the lease. The lease is
// from 500 ms to an hour. The default is 5 s. Workers of one fleet may have different leases.
func Lease(d time.Duration) Option {
	return func(c *config) {
		if d != 0 && (d < minLease || d > maxLease) {
			c.problem("Lease(%v): must be from %v to %v", d, minLease, maxLease)
			return
		}
		c.lease = d
	}
}

// RateLimit limits the requests of all workers together, in requests a second. Each worker gets a
// share in proportion to its partitions. [Fleet.Run] sets the share by
// [jobstatus.Watcher.SetRateLimit]. A worker that needs more uses what others do not use of their
// shares. The others get their shares back in about two leases when they need them. Give each
// worker the same limit. While workers have different limits, as in a rolling restart, all together
// stay within the highest. The default, 0, leaves the limits of the Watchers as they are.
func RateLimit(perSecond float64) Option {
	return func(c *config) {
		if !(perSecond >= 0) || math.IsInf(perSecond, 1) {
			c.problem("RateLimit(%v): must be a finite number of at least 0", perSecond)
			return
		}
		c.rate = perSecond
	}
}

// Logger sets the logger. Each change of the owner of a partition is logged at info level. A
// message that cannot be read is logged as a warning with its subject. By default, or with nil,
// nothing is logged.
func Logger(l *zap.Logger) Option { return func(c *config) { c.logger = l } }

// Learned makes the workers share what their Learners have learned. The argument l is the Backoff
// of the Watcher that is passed to [Fleet.Run]. A new worker loads what the others have learned
// before it watches its first job. Each worker saves what it has learned every 30 to 60 seconds,
// and when Run returns. A state of more than 512 KiB is not saved; about 80 kinds with a full
// history fit. By default, or with nil, nothing is shared.
func Learned(l *adaptive.Learner) Option { return func(c *config) { c.learner = l } }

// EncryptIDs encrypts the ids of jobs in messages by AES-256-GCM, and hashes them in subjects by
// HMAC-SHA-256. The key has 32 random bytes, and is the same in all processes. It cannot be changed
// once the stream exists. By default, or with an empty key, ids are stored in plain text.
func EncryptIDs(key []byte) Option {
	return func(c *config) {
		c.key = nil
		if len(key) == 0 {
			return
		}
		var err error
		if c.key, err = newSecret(key); err != nil {
			c.problem("EncryptIDs: %w", err)
		}
	}
}

// newConfig applies opts to the defaults. The error joins all problems with opts.
func newConfig(opts []Option) (config, error) {
	var c config
	for i, opt := range opts {
		if opt == nil {
			c.problem("option %d is nil", i)
			continue
		}
		opt(&c)
	}
	if c.name == "" {
		c.name = defaultName
	}
	if c.partitions == 0 {
		c.partitions = defaultPartitions
	}
	if c.replicas == 0 {
		c.replicas = defaultReplicas
	}
	if c.ackWait == 0 {
		c.ackWait = ackWait
	}
	if c.lease == 0 {
		c.lease = defaultLease
	}
	if c.logger == nil {
		c.logger = zap.NewNop()
	}
	c.logger = c.logger.Named("jobstatus.fleet")
	return c, errors.Join(c.problems...)
}
