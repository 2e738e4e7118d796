package fleet

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"
)

// errUnreadable is the error of a message that no worker of a fleet can have stored. Such a message
// is logged with its subject, and stays in the stream.
var errUnreadable = errors.New("it cannot be read")

// entry is the content of a message about a job.
type entry struct {
	message
	place      place
	ended      bool
	submission submission // unless it has ended
	ending     ending     // if it has
}

// settled reports whether an end must not be delivered any more. That is so if the watch was
// forgotten, or if its sequence is at most acked: all ends up to acked are acknowledged.
func (e *entry) settled(acked uint64) bool { return e.ended && (e.ending.Forgotten || e.seq <= acked) }

// entryOf reads a message about a job. The error matches errNewer if the format is newer, and
// errUnreadable if this fleet cannot have stored the message. Any other error comes from the
// server. entryOf asks the server only about an end that was stored without a condition.
func (c *core) entryOf(ctx context.Context, m message) (entry, error) {
	e := entry{message: m}
	p, suffix, err := splitSubject(m.subject)
	if err != nil {
		return e, fmt.Errorf("%w: %w", errUnreadable, err)
	}
	e.place, e.ended = p, suffix == endedSuffix
	id := ""
	switch suffix {
	case submittedSuffix:
		e.submission, err = decodeSubmission(m.data, c.key)
		id = e.submission.ID
	case endedSuffix:
		e.ending, err = decodeEnding(m.data, c.key)
		id = e.ending.ID
	default:
		if err = decode(m.data, &struct{}{}, new(int)); !errors.Is(err, errNewer) {
			err = errors.New("the fourth word of its subject is unknown")
		}
	}
	switch {
	case errors.Is(err, errNewer):
		return e, err
	case err == nil && c.place(id) != p:
		err = errors.New("its subject is not that of its id")
	}
	if err != nil {
		return e, fmt.Errorf("%w: %w", errUnreadable, err)
	}
	if e.ended {
		return e, c.verify(ctx, e)
	}
	return e, nil
}

// verify returns an error if an end names a submission of another job. An acknowledgment would
// remove that submission. The server compared the end with the submission when it stored the end,
// and kept the result in the headers. A copy of the stream lacks these headers, so verify asks the
// server.
func (c *core) verify(ctx context.Context, e entry) error {
	of := e.after
	if of == 0 {
		m, err := c.engine.last(ctx, e.place.subject(c.name, submittedSuffix))
		if err != nil && !errors.Is(err, errNone) {
			return err
		}
		of = m.seq
	}
	if of != e.ending.Of {
		return fmt.Errorf("%w: it is not the end of a submission of its job", errUnreadable)
	}
	return nil
}

// newest returns the newest message about a job, or errNone. The error matches errNewer if its
// format is newer. newest removes a message that cannot be read, because no other message about the
// job could be stored after it.
func (c *core) newest(ctx context.Context, p place) (entry, error) {
	for {
		m, err := c.engine.last(ctx, p.all(c.name))
		if err != nil {
			return entry{}, err
		}
		e, err := c.entryOf(ctx, m)
		if !errors.Is(err, errUnreadable) {
			return e, err
		}
		c.putAside(c.log, m, err, zap.Bool("removed", true))
		if err := c.engine.remove(ctx, jobs, m.seq); err != nil {
			return entry{}, err
		}
	}
}

// putAside logs and counts a message that cannot be read.
func (c *core) putAside(log *zap.Logger, m message, err error, more ...zap.Field) {
	c.counts.unreadable.Add(1)
	log.Warn("a message cannot be read and is put aside", append(more, zap.String("subject", m.subject), zap.Error(err))...)
}
