// Package eventstream reads server-sent events, as section 9.2.6 of the HTML standard describes
// them.
package eventstream

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"time"
)

// This package has a decoder of its own for two reasons. In github.com/tmaxmax/go-sse v0.12.0, the
// best maintained library that was found, Read hides the field retry, and Connection waits on the
// real clock.

// Event is one event of a stream.
type Event struct {
	// ID is the newest id of the stream, from this event or an earlier one.
	ID string
	// Kind is the value of the field event, or "".
	Kind string
	// Data is valid until the next event is read. It may be empty.
	Data []byte
}

// ErrTooLarge is the error of an event or a line that is longer than the limit.
var ErrTooLarge = errors.New("an event is too large")

// Decoder reads the events of a stream. It must be used by one goroutine at a time.
type Decoder struct {
	// ID is the newest id of the events that have ended.
	ID string
	// Retry is the newest wait that the stream has asked for, or negative for none.
	Retry time.Duration

	r      *bufio.Reader
	limit  int
	begun  bool // a byte order mark was skipped or is missing
	ended  bool // the last line ended by CR, so that an LF belongs to it
	line   []byte
	data   []byte
	kind   string
	nextID string // the newest id, including the event that is being read
}

// NewDecoder returns a Decoder of a stream whose newest id is the given one. The limit is the
// largest data of an event, in bytes.
func NewDecoder(r io.Reader, limit int, id string) *Decoder {
	return &Decoder{r: bufio.NewReader(r), limit: limit, ID: id, nextID: id, Retry: -1}
}

// Next returns the next event that has data. It ignores an event that the end of the stream cuts
// off. After an error, Next must not be called again. With [ErrTooLarge], the Data of the event has
// the bytes that were read, if the data is too large.
func (d *Decoder) Next() (Event, error) {
	d.data, d.kind = d.data[:0], ""
	if err := d.skipMark(); err != nil {
		return Event{}, err
	}
	for {
		err := d.readLine()
		if err != nil && !errors.Is(err, ErrTooLarge) {
			return Event{}, err
		}
		if len(d.line) > 0 {
			d.field()
			if size := len(d.data); size+len(d.kind) > d.limit+1 { // an LF ends the data
				return Event{Data: d.data[:max(0, size-1)]}, ErrTooLarge
			}
			if err != nil {
				return Event{}, err
			}
			continue
		}
		d.ID = d.nextID
		if len(d.data) > 0 {
			return Event{d.ID, d.kind, d.data[:len(d.data)-1]}, nil
		}
		d.kind = ""
	}
}

// skipMark skips a byte order mark at the beginning of the stream.
func (d *Decoder) skipMark() error {
	if d.begun {
		return nil
	}
	const mark = "\xef\xbb\xbf"
	for n := 1; n <= len(mark); n++ { // byte by byte, because the next byte may take long
		head, err := d.r.Peek(n)
		switch {
		case len(head) < n:
			return err
		case string(head) != mark[:n]:
			d.begun = true
			return nil
		}
	}
	d.begun = true
	_, err := d.r.Discard(len(mark))
	return err
}

// readLine reads a line, which ends with LF, CR or CRLF. It does not wait for the byte after a CR.
// It keeps only the colon of a comment.
func (d *Decoder) readLine() error {
	d.line = d.line[:0]
	length := 0
	for {
		c, err := d.r.ReadByte()
		switch {
		case err != nil:
			return err
		case c == '\n' && d.ended:
			d.ended = false
			continue
		case c == '\n':
			return nil
		case c == '\r':
			d.ended = true
			return nil
		}
		d.ended = false
		length++
		if length == 1 || d.line[0] != ':' {
			d.line = append(d.line, c)
		}
		if length > d.limit+len("data: ") {
			return ErrTooLarge
		}
	}
}

// field processes the line as a field.
func (d *Decoder) field() {
	name, value, _ := bytes.Cut(d.line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "data":
		d.data = append(append(d.data, value...), '\n')
	case "event":
		d.kind = string(value)
	case "id":
		if bytes.IndexByte(value, 0) < 0 {
			d.nextID = string(value)
		}
	case "retry":
		if wait, ok := readRetry(value); ok {
			d.Retry = wait
		}
	}
}

// longest is the longest wait that is read.
const longest = 24 * time.Hour

// readRetry reads a wait in milliseconds, which has only digits.
func readRetry(value []byte) (time.Duration, bool) {
	if len(value) == 0 {
		return 0, false
	}
	for _, c := range value {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	most := int64(longest / time.Millisecond)
	n, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil || n > most { // only a number that is out of range is an error, because there are only digits
		n = most
	}
	return time.Duration(n) * time.Millisecond, true
}
