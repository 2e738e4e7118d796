package exchange

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

// hopByHop are the headers that net/http sets, and those that apply to one connection only.
var hopByHop = []string{"Host", "Content-Length", "Transfer-Encoding", "Accept-Encoding", "Connection", "Keep-Alive", "Upgrade", "Te", "Trailer"}

// NewRequest converts an [http.Request] of the caller to a Request. It reads and closes the body,
// which may have at most the given number of bytes.
func NewRequest(r *http.Request, most int64) (q Request, err error) {
	q = Request{Method: cmp.Or(r.Method, http.MethodGet), URL: *r.URL, Type: r.Header.Get("Content-Type")}
	q.URL.Fragment, q.URL.RawFragment = "", ""
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		value := strings.Join(r.Header[name], ", ")
		switch key := http.CanonicalHeaderKey(name); {
		case slices.Contains(hopByHop, key) || key == "Content-Type":
		case !web.IsToken(name) || !web.IsHeaderValue(value):
			return q, fmt.Errorf("the header %.80q cannot be sent", name)
		default:
			q.Header = append(q.Header, key, value)
		}
	}
	if r.Body == nil || r.Body == http.NoBody {
		return q, nil
	}
	q.Body, err = io.ReadAll(io.LimitReader(r.Body, most+1))
	if closing := r.Body.Close(); err == nil {
		err = closing
	}
	if err == nil && int64(len(q.Body)) > most {
		err = fmt.Errorf("%w: at most %d bytes", ErrTooLarge, most)
	}
	return q, err
}

// Take reads the answer to a request that was sent outside c, as if it were the answer of c. It
// returns an error if the answer cannot be read.
func Take(c *Call, answer *http.Response) error {
	c.round.host = transport.HostOf(answer.Request.Context())
	if answer.Body == nil {
		answer.Body = http.NoBody
	}
	if fault := c.round.receive(answer, nil); fault != nil {
		return c.Fail(transport.Transient, web.Safe(fault, c.round.sensitive()...))
	}
	return nil
}
