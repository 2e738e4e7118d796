package webhook

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

// ServeHTTP answers one request of the service. The package's documentation lists the status codes.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h == nil || h.reader == nil {
		http.Error(w, errNotMade.Error(), http.StatusInternalServerError)
		return
	}
	code, err := h.take(w, r)
	switch code {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter/time.Second)))
	}
	if err != nil {
		h.log(code, err)
	}
	w.WriteHeader(code)
}

// errPart is matched by the error of a request in which the Reader could read only some statuses.
var errPart = errors.New("a part cannot be read")

// errNoJob is the error of a request in which the Reader found no job's id.
var errNoJob = errors.New("it is about no job")

// errRepeated is the error of a request that was passed on already.
var errRepeated = errors.New("it is a repetition")

// retryAfter is the wait after which the service should repeat a request that was not passed on.
const retryAfter = 5 * time.Second

// publishTimeout limits how long a request waits for the Relay. Most services wait at least that
// long for an answer.
const publishTimeout = 10 * time.Second

// readTimeout bounds how long the body of a request may take to arrive, in real time.
const readTimeout = 30 * time.Second

// take returns the status code that answers a request, and why the request was refused.
func (h *Handler) take(w http.ResponseWriter, r *http.Request) (int, error) {
	if r.Method != http.MethodPost {
		return http.StatusMethodNotAllowed, fmt.Errorf("method %.16q", r.Method)
	}
	codings := r.Header.Values("Content-Encoding")
	isZipped := web.IsZipped(r.Header) && len(codings) == 1 && !strings.Contains(codings[0], ",")
	if !isZipped && web.IsEncoded(r.Header) {
		return http.StatusUnsupportedMediaType, fmt.Errorf("content encoding %.64q", codings)
	}
	body, err := h.read(w, r)
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge, err
	} else if err != nil {
		return http.StatusBadRequest, err
	}
	now := h.now()
	receipt, err := h.verifier.Verify(r, body)
	if err == nil {
		err = receipt.check(now)
	}
	if err != nil {
		return http.StatusUnauthorized, err
	}
	if isZipped {
		if body, err = unzip(r.Header, body, h.maxBody); len(body) > h.maxBody {
			return http.StatusRequestEntityTooLarge, fmt.Errorf("more than %d bytes after decompression", h.maxBody)
		} else if err != nil {
			return http.StatusBadRequest, err
		}
	}
	statuses, err := h.reader.ReadEvents(r.Header, body)
	statuses = slices.DeleteFunc(statuses, func(s transport.Status) bool { return s.ID == "" })
	switch {
	case len(statuses) == 0 && err != nil:
		return http.StatusBadRequest, err
	case len(statuses) == 0:
		return http.StatusAccepted, errNoJob
	case err != nil:
		h.log(http.StatusAccepted, fmt.Errorf("%w: %w", errPart, err))
	}
	return h.accept(r.Context(), statuses, receipt.key(body, statuses), now)
}

// read returns the body of a request. A server without a ReadTimeout would let anybody keep a
// connection and a goroutine for ever, so that such a server gets a deadline here. It ends with the
// body: net/http removes it.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Body == nil { // of an adapter to another kind of server
		return nil, nil
	}
	if server, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok && server.ReadTimeout <= 0 {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readTimeout)) // a wrapper of w may not support it
	}
	return io.ReadAll(http.MaxBytesReader(w, r.Body, int64(h.maxBody)))
}

// unzip decompresses a body. It returns at most limit+1 bytes, so that the caller can see that the
// limit is exceeded.
func unzip(header http.Header, body []byte, limit int) ([]byte, error) {
	u := web.NewUnzip(header, bytes.NewReader(body), limit)
	defer u.Release()
	return io.ReadAll(io.LimitReader(u, int64(limit)+1))
}

// accept passes on the statuses of a request, unless the request is a repetition. A repetition that
// arrives while the first request is passed on gets the same answer as the first.
func (h *Handler) accept(ctx context.Context, statuses []transport.Status, key *fingerprint, now time.Time) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	if key == nil {
		return answerTo(h.passAll(ctx, statuses))
	}
	p, isFirst := h.deliveries.begin(*key, now)
	if !isFirst {
		if err := p.await(ctx); err != nil {
			return answerTo(err)
		}
		return http.StatusAccepted, errRepeated
	}
	defer h.deliveries.end(*key, p) // also if a listener panics
	p.err = h.passAll(ctx, statuses)
	return answerTo(p.err)
}

// answerTo returns the status code for a request that was passed on with the result err.
func answerTo(err error) (int, error) {
	if err != nil {
		return http.StatusServiceUnavailable, err
	}
	return http.StatusAccepted, nil
}

// passAll passes on the statuses until one fails.
func (h *Handler) passAll(ctx context.Context, statuses []transport.Status) error {
	for _, s := range statuses {
		if err := h.pass(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// pass hands s to the listeners and to the other replicas.
func (h *Handler) pass(ctx context.Context, s transport.Status) error {
	if heard := h.deliver(s); h.relay == nil {
		if !heard {
			return errors.New("nobody listens")
		}
		return nil
	}
	if err := h.publisher.publish(ctx, h.relay, s); err != nil {
		return fmt.Errorf("relay: %w", err)
	}
	return nil
}

// key returns the key by which a repetition of the delivery is recognized. Without a key, no
// delivery counts as a repetition.
//
// The key is made of the body, of the statuses, because they may come from a header, and of the
// signed id. If a status has no state, the same body may tell of another change. Then a signed id
// or time must be part of the key, and the key is nil if there is neither.
func (r Receipt) key(body []byte, statuses []transport.Status) *fingerprint {
	hash := sha256.New()
	silent := slices.ContainsFunc(statuses, func(s transport.Status) bool { return s.State == transport.Unknown })
	switch {
	case r.ID != "":
		_, _ = fmt.Fprintf(hash, "id %q ", r.ID)
	case !silent:
	case !r.Time.IsZero():
		_, _ = fmt.Fprintf(hash, "time %d ", r.Time.UnixNano())
	default:
		return nil
	}
	for _, s := range statuses {
		_, _ = fmt.Fprintf(hash, "status %d %q %q ", s.State, s.ID, s.Raw)
	}
	_, _ = hash.Write(body)
	var key fingerprint
	copy(key[:], hash.Sum(nil))
	return &key
}
