package web

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// AcceptEncoding is the compression that this package reads. If a request names a compression,
// net/http does not decompress the answer. So the bytes on the wire can be limited.
const AcceptEncoding = "gzip"

// errWire is the error of a body that takes more bytes on the wire than allowed.
var errWire = errors.New("more bytes on the wire than allowed")

// maxLayers is how many times a body may be compressed. A proxy may compress what the service has
// compressed.
const maxLayers = 2

// layers returns how many times an answer says that its body is compressed with gzip, or 0 if there
// are too many layers or one of another compression. Empty members of the list (RFC 9110, 5.6.1)
// and "identity", which means no compression, do not count.
func layers(h http.Header) (n int) {
	for _, value := range h["Content-Encoding"] {
		for coding := range strings.SplitSeq(value, ",") {
			coding = strings.TrimSpace(coding)
			if coding == "" || strings.EqualFold(coding, "identity") {
				continue
			}
			if !strings.EqualFold(coding, "gzip") && !strings.EqualFold(coding, "x-gzip") {
				return 0
			}
			if n++; n > maxLayers {
				return 0
			}
		}
	}
	return n
}

// IsZipped reports whether an answer says that its body is compressed with gzip, at most twice.
func IsZipped(h http.Header) bool { return layers(h) > 0 }

// encodings are the codings in IANA's registry that change a body.
var encodings = []string{"aes128gcm", "br", "compress", "dcb", "dcz", "deflate", "exi", "gzip", "pack200-gzip", "x-compress", "x-gzip", "zstd"}

// IsEncoded reports whether a message says that its body is compressed, or encoded otherwise. A
// word that is no coding does not count: many services send "none", so that nothing compresses a
// stream, or the name of a charset.
func IsEncoded(h http.Header) bool {
	for _, value := range h["Content-Encoding"] {
		for coding := range strings.SplitSeq(value, ",") {
			if slices.Contains(encodings, strings.ToLower(strings.TrimSpace(coding))) {
				return true
			}
		}
	}
	return false
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
	outer    *Unzip    // what a body that is compressed twice is read through; otherwise nil
	content  io.Reader // the present member, or buffered, or failed
}

var unzips = sync.Pool{New: func() any {
	u := new(Unzip)
	u.buffered = bufio.NewReader(&u.wire)
	return u
}}

// NewUnzip returns an Unzip of the body of an answer with header h, for which IsZipped is true. Its
// content may have limit bytes. The body may have slightly more bytes on the wire, because gzip
// enlarges data that it cannot compress. The caller must call Release when done.
func NewUnzip(h http.Header, body io.Reader, limit int) *Unzip {
	return newUnzip(body, limit, layers(h))
}

func newUnzip(body io.Reader, limit, layers int) *Unzip {
	u := unzips.Get().(*Unzip)
	zipped := limit + limit>>8 + 4<<10
	if layers > 1 {
		u.outer = newUnzip(body, zipped, layers-1)
		body = u.outer
	}
	u.wire = wire{body: body, left: zipped}
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

// IsTooLong reports whether the body took more bytes on the wire than allowed, or between two
// layers of compression.
func (u *Unzip) IsTooLong() bool { return u.wire.left < 0 || u.outer != nil && u.outer.IsTooLong() }

// Release makes u available for another body.
func (u *Unzip) Release() {
	if u.outer != nil {
		u.outer.Release()
	}
	u.wire, u.content, u.started, u.outer = wire{}, nil, false, nil
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
