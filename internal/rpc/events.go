package rpc

import (
	"bufio"
	"bytes"
	"io"
)

// events reads the data of server-sent events, as the HTML standard describes them. It leaves out
// events without data, names of events, ids and retries. It is used by one goroutine.
type events struct {
	from  *bufio.Reader
	most  int
	data  []byte
	begun bool // whether the byte order mark is behind
	cr    bool // whether the last line ended with CR, so that LF would belong to it
}

// newEvents returns the events of a stream. The data of an event that is longer than most bytes is
// cut behind most+1.
func newEvents(stream io.Reader, most int) *events {
	return &events{from: bufio.NewReader(stream), most: most}
}

// Next returns the data of the next event, which is valid until Next is called again. An event that
// the stream's end cuts off is left out. The error at the end is [io.EOF].
func (e *events) Next() ([]byte, error) {
	e.data = e.data[:0]
	lines := 0
	for {
		line, err := e.line()
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			if len(e.data) > 0 {
				return e.data, nil
			}
			lines = 0
			continue
		}
		name, value, _ := bytes.Cut(line, []byte{':'})
		if string(name) != "data" {
			continue
		}
		if lines > 0 {
			e.append([]byte{'\n'})
		}
		lines++
		e.append(bytes.TrimPrefix(value, []byte{' '}))
	}
}

func (e *events) append(text []byte) {
	e.data = append(e.data, text[:min(len(text), max(0, e.most+1-len(e.data)))]...)
}

// line returns the next line without its end, which is LF, CR or both. A line is cut behind the
// most that an event may hold.
func (e *events) line() ([]byte, error) {
	const field = len("data: ")
	var line []byte
	for {
		c, err := e.from.ReadByte()
		switch {
		case err != nil:
			return nil, err
		case c == '\n' && e.cr:
			e.cr = false
			continue
		}
		e.cr = c == '\r'
		if c == '\r' || c == '\n' {
			break
		}
		if len(line) < e.most+field+1 {
			line = append(line, c)
		}
	}
	if !e.begun {
		e.begun = true
		line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
	}
	return line, nil
}
