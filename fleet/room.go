package fleet

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"time"
)

// ErrFull is matched by the error of [Fleet.Submit] when the server has no room for another job.
// There is none once the messages would take more than 90 % of the storage limit of the stream or
// of the account, or if the server itself lacks storage. [End.Ack] and [Fleet.Forget] make room. A
// single server whose disk was full must also be started again. Until then Forget returns this
// error, too.
var ErrFull = errors.New("the server has no room for another job")

const (
	// reservedPercent is the part of a storage limit that is kept for heartbeats, ends and Forget.
	reservedPercent = 10
	// roomShare limits how much a process submits before it asks the server again: one of roomShare
	// parts of the room that was left. So processes that submit together cannot take the reserve.
	roomShare = 16
	// roomLife is the time after which the server is asked again. fullLife is this time if there
	// was no room, or if the server did not say.
	roomLife = 5 * time.Second
	fullLife = time.Second
	// messageOverhead is the size of what the server stores of a submission besides its data, in
	// bytes: the subject, the headers, and a frame.
	messageOverhead = 256
)

// use says how much of a storage limit is used, in bytes. A limit of zero or less means no limit.
type use struct {
	of          string // what has the limit
	used, limit int64
}

// room decides whether a submission leaves enough room for other messages. It has no clock, and
// does not know the server. It is safe for concurrent use.
type room struct {
	asking chan struct{} // has a value while the server is asked

	mu    sync.Mutex
	quota int64     // how many bytes may be submitted until the server is asked again; guarded by mu
	until time.Time // when the server must be asked again at the latest; guarded by mu
	full  error     // the error of submissions, if there is no room; guarded by mu
}

func newRoom() *room { return &room{asking: make(chan struct{}, 1)} }

// take takes room for a submission of size bytes. If known is false, the server must be asked
// first. The error matches ErrFull.
func (r *room) take(size int64, now time.Time) (known bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case !now.Before(r.until):
		return false, nil
	case r.full != nil:
		return true, r.full
	case size > r.quota:
		return false, nil
	}
	r.quota -= size
	return true, nil
}

// learn records what the server has said at now, and then takes room for a submission of size
// bytes. The error matches ErrFull.
func (r *room) learn(uses []use, size int64, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	left := int64(math.MaxInt64)
	for _, u := range uses {
		if u.limit <= 0 {
			continue
		}
		left = min(left, u.limit/100*(100-reservedPercent)-u.used)
		if left < size {
			err := fmt.Errorf("%w: the %s uses %d of %d bytes, and %d %% are reserved for heartbeats and ends",
				ErrFull, u.of, u.used, u.limit, reservedPercent)
			r.assumeLocked(err, now)
			return err
		}
	}
	r.full, r.quota, r.until = nil, max(left/roomShare, size)-size, now.Add(roomLife)
	return nil
}

// assume records at now that there is no room, with the error for submissions, or for nil that it
// is unknown how much there is. It holds for a short time.
func (r *room) assume(full error, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.assumeLocked(full, now)
}

func (r *room) assumeLocked(full error, now time.Time) {
	r.full, r.quota, r.until = full, math.MaxInt64, now.Add(fullLife)
}
