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

// The decoder is our own. github.com/tmaxmax/go-sse v0.12.0, the best kept one that was found,
// bounds an event, but its Read hides the field retry, and its Connection waits on the real clock.

// Event is one event of a stream.
type Event struct {
	// ID is the stream's newest id, of this event or of one before it.
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
	// ID is the newest id that an event has ended with.
	ID string
	// Retry is the newest wait that the stream has asked for, or negative for none.
	Retry time.Duration

	r      *bufio.Reader
	limit  int
	begun  bool // the byte order mark has been looked for
	ended  bool // the last line ended by CR, so that an LF belongs to it
	line   []byte
	data   []byte
	kind   string
	nextID string // of the event that is being read
}

// NewDecoder returns a Decoder of a stream whose newest id is known. The data of an event has at
// most so many bytes.
func NewDecoder(r io.Reader, limit int, id string) *Decoder {
	return &Decoder{r: bufio.NewReader(r), limit: limit, ID: id, nextID: id, Retry: -1}
}

// Next returns the next event that has data. An event that the end of the stream cuts off is none.
// After an error no more can be read. With ErrTooLarge, the Data of the event are the bytes that
// were read, if it is the data that is too large.
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

// skipMark skips the byte order mark that a stream may begin with.
func (d *Decoder) skipMark() error {
	if d.begun {
		return nil
	}
	const mark = "\xef\xbb\xbf"
	for n := 1; n <= len(mark); n++ { // byte by byte: there may be no more for long
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

// readLine reads a line, which ends by LF, CR or CRLF. It does not wait for what follows a CR. Of a
// comment only the colon is kept.
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

// field reads the line as a field.
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

// longest bounds a wait, far below what a [time.Duration] can hold.
const longest = 24 * time.Hour

// readRetry reads a wait in milliseconds, which is made of digits alone.
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
	if err != nil || n > most { // it is out of range: there are only digits
		n = most
	}
	return time.Duration(n) * time.Millisecond, true
}
