package exchange

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/web"
)

// MayHold makes a pool for requests that the service keeps, as the bound of a pool's headers can't
// differ by request. It is called before the first call. It makes none where the pool is the
// user's, which may keep a request for as long as it likes.
func (s *Settings) MayHold() {
	if s.pool != nil && s.holder == nil {
		s.holder = s.pool.Clone()
		s.holder.ResponseHeaderTimeout = 0
	}
}

// heldError is the error of a request that was held, and whose answer did not begin in time.
type heldError struct{ after time.Duration }

func (e heldError) Error() string {
	return fmt.Sprintf("the service did not answer a request that it held within %v", e.after)
}

// Timeout and Temporary make it a [net.Error].
func (e heldError) Timeout() bool { return true }

// Temporary reports that another request may be answered.
func (e heldError) Temporary() bool { return true }

// send hands a request to the transport. The headers of a held one may take as much longer as it is
// held.
func (r *round) send(q *http.Request) (*http.Response, error) {
	if r.terms.Hold <= 0 || r.holder == nil {
		return r.carrier.RoundTrip(q)
	}
	most := r.terms.Hold + web.HeaderTimeout
	ctx, cancel := context.WithCancelCause(q.Context())
	timer := time.AfterFunc(most, func() { cancel(heldError{most}) })
	answer, err := r.holder.RoundTrip(q.WithContext(ctx)) // whose error is the cause of the end
	if !timer.Stop() && err == nil {                      // it came too late, and its body can't be read
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

// Close ends the context, too.
func (b *heldBody) Close() error {
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}
