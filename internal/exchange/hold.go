package exchange

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/web"
)

// MayHold makes a second pool for requests that the service keeps, because all requests of a pool
// share one timeout for headers. It must be called before the first call. If the user has set a
// pool, MayHold makes none, because that pool has its own limits. At most half of its connections
// are then for held requests, so that others need not wait for them.
func (s *Settings) MayHold() {
	s.mostHeld = math.MaxInt64
	if s.pool == nil {
		if t, ok := s.carrier.(*http.Transport); ok && t != nil && t.MaxConnsPerHost > 0 {
			s.mostHeld = int64(t.MaxConnsPerHost / 2)
		}
		return
	}
	s.mostHeld = int64(s.pool.MaxConnsPerHost)
	if s.holder == nil {
		s.holder = s.pool.Clone()
		s.holder.ResponseHeaderTimeout = 0
	}
}

// BeginHold reports whether there is a connection for one more held request. If so, the caller must
// call EndHold when the request has ended. A request that waits for a connection would not be held
// at all. Over HTTP/2, requests share connections, so that there is no limit.
func (s *Settings) BeginHold() bool {
	if s.held.Add(1) <= s.mostHeld || s.shares.Load() {
		return true
	}
	s.held.Add(-1)
	return false
}

// EndHold notes that a held request has ended.
func (s *Settings) EndHold() { s.held.Add(-1) }

// heldError is the error of a held request whose answer did not begin in time.
type heldError struct{ after time.Duration }

func (e heldError) Error() string {
	return fmt.Sprintf("the service did not answer a request that it held within %v", e.after)
}

// Timeout and Temporary make it a [net.Error].
func (e heldError) Timeout() bool { return true }

// Temporary reports that another request may be answered.
func (e heldError) Temporary() bool { return true }

// cutError is the error of a held request whose connection was closed before the answer.
type cutError struct{ after time.Duration }

func (e cutError) Error() string {
	return fmt.Sprintf("the connection was closed after the request was held for %v", e.after.Round(time.Millisecond))
}

// send passes a request to the transport. The headers of a held request may take longer by the
// length of the hold. Those of a request that starts a job, and cannot be sent again, may take
// as long as the call: without its answer, the job would be lost.
func (r *round) send(q *http.Request) (*http.Response, error) {
	switch {
	case r.Terms.Acts && !r.Terms.Repeatable && r.patient != nil:
		return r.patient.RoundTrip(q)
	case r.Terms.Hold <= 0:
		return r.carrier.RoundTrip(q)
	}
	ctx, cancel := context.WithCancelCause(q.Context())
	q = q.WithContext(httptrace.WithClientTrace(ctx, heldOnce(cancel)))
	var answer *http.Response
	var err error // the cause of ctx if ctx has ended
	if r.holder == nil {
		answer, err = r.carrier.RoundTrip(q)
	} else {
		most := r.Terms.Hold + web.HeaderTimeout
		timer := time.AfterFunc(most, func() { cancel(heldError{most}) })
		answer, err = r.holder.RoundTrip(q)
		if !timer.Stop() && err == nil { // the answer is too late, and its body cannot be read
			_ = answer.Body.Close()
			err = context.Cause(ctx)
		}
	}
	if err != nil || answer == nil || answer.Body == nil {
		cancel(nil)
		return answer, err
	}
	answer.Body = &heldBody{answer.Body, cancel}
	return answer, nil
}

// staleWithin is how soon the use of an idle connection fails that the service has closed.
const staleWithin = time.Second

// heldOnce cancels a request that net/http sends again although it was held before. If a kept
// connection is closed before the answer, net/http repeats a GET by itself. A hold that a proxy
// cuts would then seem to last twice as long. A RoundTripper of the user may send a request again
// that was answered.
func heldOnce(cancel context.CancelCauseFunc) *httptrace.ClientTrace {
	var since atomic.Int64 // when the request got its newest connection, after began; 0 if answered
	began := time.Now()
	return &httptrace.ClientTrace{
		GotConn:              func(httptrace.GotConnInfo) { since.Store(int64(max(time.Since(began), 1))) },
		GotFirstResponseByte: func() { since.Store(0) },
		GetConn: func(string) {
			if sent := since.Load(); sent > 0 {
				if after := time.Since(began) - time.Duration(sent); after >= staleWithin {
					cancel(cutError{after})
				}
			}
		},
	}
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
