package eventstream

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/iamber12/job-status-monitoring/internal/edits"
)

// Fault 47: an edited stream is read as the HTML standard says, up to an event that is too large.
func TestEditedStreamsAreReadAsTheStandardSays(t *testing.T) {
	t.Parallel()
	seeds := []string{
		"\xef\xbb\xbfid: 1\r\nevent: a\rdata: x\n\nretry: 9223372036854775807\n\n", "id: \x00\n\ndata\n\n:\n",
		"event: a\n\ndata:  1\r\r\ndata: 2\nid\r\n\ndata: 3\n", "data: YHOO\ndata: +2\ndata: 10\n\n", ": ping\n\nid: 7\nretry: 2500\ndata: {\"a\":1}\n\n",
	}
	const limit = 64
	edits.Run(t, func(e *edits.Editor) error {
		text := e.Edit(seeds)
		events, d, err := decode(bytes.NewReader(text), limit, "")
		want, id, retry := readWhole(string(text))
		switch {
		case err != io.EOF && len(text) <= limit: //nolint:errorlint // the decoder returns it as it is
			return err
		case err != io.EOF: //nolint:errorlint // the decoder returns it as it is
			want = want[:min(len(events), len(want))]
		case d.ID != id || d.Retry != retry:
			return fmt.Errorf("id %q and retry %v in place of %q and %v", d.ID, d.Retry, id, retry)
		}
		if !slices.Equal(want, events) {
			return fmt.Errorf("%q in place of %q", events, want)
		}
		return nil
	})
}
