package web

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

// AcceptEncoding is the compression that this package reads. If a request names a compression,
// net/http does not decompress the answer. So the bytes on the wire can be limited.
const AcceptEncoding = "gzip"

// errWire is the error of a body that takes more bytes on the wire than allowed.
var errWire = errors.New("more bytes on the wire than allowed")

// IsZipped reports whether an answer says that its body is compressed with gzip.
func IsZipped(h http.Header) bool {
	values := h["Content-Encoding"]
	if len(values) != 1 {
		return false
	}
	return strings.EqualFold(values[0], "gzip") || strings.EqualFold(values[0], "x-gzip")
}

// magic is the first two bytes of gzip data (RFC 1952, 2.3.1).
const magic = "\x1f\x8b"

// Unzip reads a body that is compressed with gzip. A body that is not compressed, because an
// intermediary has decompressed it, is read unchanged. Bytes after the compressed content are
// ignored, as in browsers, because some services pad it. An Unzip must be used by one goroutine at
// a time.
type Unzip struct {
	wire     wire
	buffered *bufio.Reader // of wire
	zip      gzip.Reader   // of buffered
	started  bool
	content  io.Reader // the present member, or buffered, or failed
}

var unzips = sync.Pool{New: func() any {
	u := new(Unzip)
	u.buffered = bufio.NewReader(&u.wire)
	return u
}}

// NewUnzip returns an Unzip of a body whose content may have limit bytes. The body may have
// slightly more bytes on the wire, because gzip enlarges data that it cannot compress. The caller
// must call Release when done.
func NewUnzip(body io.Reader, limit int) *Unzip {
	u := unzips.Get().(*Unzip)
	u.wire = wire{body: body, left: limit + limit>>8 + 4<<10}
	u.buffered.Reset(&u.wire)
	return u
}

// Read reads the content.
func (u *Unzip) Read(p []byte) (int, error) {
	if !u.started {
		u.started = true
		if u.begins() {
			u.member()
		} else {
			u.content = u.buffered
		}
	}
	for {
		n, err := u.content.Read(p)
		switch {
		case err != io.EOF || u.content != &u.zip:
			return n, err
		case u.begins():
			u.member()
		default:
			u.content = failed{u.skip()}
		}
		if n > 0 {
			return n, nil
		}
	}
}

// begins reports whether a member comes next.
func (u *Unzip) begins() bool {
	next, _ := u.buffered.Peek(len(magic))
	return string(next) == magic
}

// member begins to read a member.
func (u *Unzip) member() {
	u.content = &u.zip
	if err := u.zip.Reset(u.buffered); err != nil {
		u.content = failed{err}
		return
	}
	u.zip.Multistream(false)
}

// skip reads the bytes after the last member, so that the connection can be used again. It returns
// io.EOF, or the error of reading.
func (u *Unzip) skip() error {
	if _, err := io.Copy(io.Discard, u.buffered); err != nil {
		return err
	}
	return io.EOF
}

// IsTooLong reports whether the body took more bytes on the wire than allowed.
func (u *Unzip) IsTooLong() bool { return u.wire.left < 0 }

// Release makes u available for another body.
func (u *Unzip) Release() {
	u.wire, u.content, u.started = wire{}, nil, false
	u.buffered.Reset(&u.wire)
	unzips.Put(u)
}

// wire is a body before decompression. At most left more bytes of it may be read.
type wire struct {
	body io.Reader
	left int
}

func (w *wire) Read(p []byte) (int, error) {
	if w.left < 0 {
		return 0, errWire
	}
	n, err := w.body.Read(p[:min(len(p), w.left+1)])
	if w.left -= n; w.left < 0 {
		return n - 1, errWire
	}
	return n, err
}

// failed is a reader that returns only an error.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }
