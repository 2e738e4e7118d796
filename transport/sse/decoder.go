package sse

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

// event is one event of a stream.
type event struct {
	id   string // the stream's newest id, of this event or of one before it
	kind string // of the field event, "" for none
	data []byte // valid until the next event is read
}

var errTooLarge = errors.New("an event is too large")

// decoder reads the events of a stream, as section 9.2.6 of the HTML standard describes it. An
// event or a line that is longer than limit is errTooLarge, after which no more can be read.
type decoder struct {
	r     *bufio.Reader
	limit int
	id    string        // the newest that an event has ended with
	retry time.Duration // the newest that was said, negative for none

	begun  bool // the byte order mark has been looked for
	ended  bool // the last line ended by CR, so that an LF belongs to it
	line   []byte
	data   []byte
	kind   string
	nextID string // of the event that is being read
}

func newDecoder(r io.Reader, limit int, id string) *decoder {
	return &decoder{r: bufio.NewReader(r), limit: limit, id: id, nextID: id, retry: -1}
}

// next returns the next event that has data. An event that the end of the stream cuts off is none.
func (d *decoder) next() (event, error) {
	d.data, d.kind = d.data[:0], ""
	if err := d.skipMark(); err != nil {
		return event{}, err
	}
	for {
		if err := d.readLine(); err != nil {
			return event{}, err
		}
		if len(d.line) > 0 {
			if d.field(); len(d.data)+len(d.kind) > d.limit {
				return event{}, errTooLarge
			}
			continue
		}
		d.id = d.nextID
		if len(d.data) > 0 {
			return event{d.id, d.kind, d.data[:len(d.data)-1]}, nil
		}
		d.kind = ""
	}
}

// skipMark skips the byte order mark that a stream may begin with.
func (d *decoder) skipMark() error {
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
func (d *decoder) readLine() error {
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
		if length++; length > d.limit {
			return errTooLarge
		}
		if length == 1 || d.line[0] != ':' {
			d.line = append(d.line, c)
		}
	}
}

// field reads the line as a field.
func (d *decoder) field() {
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
			d.retry = wait
		}
	}
}

// readRetry reads a wait in milliseconds, which is made of digits alone, and brings it into the
// range from [MinRetry] to [MaxRetry].
func readRetry(value []byte) (time.Duration, bool) {
	if len(value) == 0 {
		return 0, false
	}
	for _, c := range value {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	most := int64(MaxRetry / time.Millisecond)
	n, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil || n > most { // it is out of range: there are only digits
		n = most
	}
	return max(time.Duration(n)*time.Millisecond, MinRetry), true
}
