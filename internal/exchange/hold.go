package exchange

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/web"
)

// MayHold makes a second pool for requests that the service keeps, because all requests of a pool
// share one timeout for headers. It must be called before the first call. If the user has set a
// pool, MayHold makes none, because that pool has its own limits.
func (s *Settings) MayHold() {
	if s.pool != nil && s.holder == nil {
		s.holder = s.pool.Clone()
		s.holder.ResponseHeaderTimeout = 0
	}
}

// heldError is the error of a held request whose answer did not begin in time.
type heldError struct{ after time.Duration }

func (e heldError) Error() string {
	return fmt.Sprintf("the service did not answer a request that it held within %v", e.after)
}

// Timeout and Temporary make it a [net.Error].
func (e heldError) Timeout() bool { return true }

// Temporary reports that another request may be answered.
func (e heldError) Temporary() bool { return true }

// send passes a request to the transport. The headers of a held request may take longer by the
// length of the hold.
func (r *round) send(q *http.Request) (*http.Response, error) {
	if r.Terms.Hold <= 0 || r.holder == nil {
		return r.carrier.RoundTrip(q)
	}
	most := r.Terms.Hold + web.HeaderTimeout
	ctx, cancel := context.WithCancelCause(q.Context())
	timer := time.AfterFunc(most, func() { cancel(heldError{most}) })
	answer, err := r.holder.RoundTrip(q.WithContext(ctx)) // the error is the cause of ctx if ctx has ended
	if !timer.Stop() && err == nil {                      // the answer is too late, and its body cannot be read
		_ = answer.Body.Close()
		err = context.Cause(ctx)
	}
	if err != nil {
		cancel(nil)
		return nil, err
	}
	answer.Body = &heldBody{answer.Body, cancel}
	return answer, nil
}

// heldBody is the body of an answer whose request has a context of its own.
type heldBody struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

// Close closes the body and ends the context.
func (b *heldBody) Close() error {
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}
