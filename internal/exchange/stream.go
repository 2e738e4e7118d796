package exchange

import (
	"fmt"
	"io"
	"net/http"

	"github.com/iamber12/job-status-monitoring/internal/web"
)

// Stream is a body that the caller reads. Reading beyond its limit returns an error that matches
// [ErrTooLarge].
type Stream struct {
	// OnClose is called once, when the caller has closed the Stream.
	OnClose func()

	name string
	body io.ReadCloser
	zip  *web.Unzip
	from io.Reader
	left int64
}

// NewStream returns a Stream of the open answer of a call. Its limit is MaxResult bytes.
func NewStream(c *Call) *Stream {
	answer, most := c.Answer.Open, c.round.MaxResult
	s := &Stream{name: c.round.Name, body: answer.Body, from: answer.Body, left: most}
	if web.IsZipped(answer.Header) {
		s.zip = web.NewUnzip(answer.Header, answer.Body, int(min(most, 1<<30)))
		s.from = s.zip
	}
	return s
}

// Read reads the content, after decompression.
func (s *Stream) Read(p []byte) (int, error) {
	if s.from == nil {
		return 0, http.ErrBodyReadAfterClose
	}
	if s.left < 0 {
		return 0, s.tooLarge()
	}
	if int64(len(p)) > s.left+1 {
		p = p[:s.left+1]
	}
	n, err := s.from.Read(p)
	if s.left -= int64(n); s.left < 0 {
		return n - 1, s.tooLarge()
	}
	return n, err
}

func (s *Stream) tooLarge() error { return fmt.Errorf("%s: %w (WithMaxResult)", s.name, ErrTooLarge) }

// Close ends the call. It may be called more than once.
func (s *Stream) Close() error {
	if s.from == nil {
		return nil
	}
	s.from = nil
	if s.zip != nil {
		s.zip.Release()
	}
	err := s.body.Close()
	s.OnClose()
	return err
}
