package webhook

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

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

// errNoJob is the error of a request in which the Reader found no job's id.
var errNoJob = errors.New("it is about no job")

// retryAfter is when the service should send again what could not be passed on.
const retryAfter = 5 * time.Second

// take returns the status code that answers a request, and why the request was refused.
func (h *Handler) take(w http.ResponseWriter, r *http.Request) (int, error) {
	if r.Method != http.MethodPost {
		return http.StatusMethodNotAllowed, fmt.Errorf("method %.16q", r.Method)
	}
	for _, coding := range r.Header.Values("Content-Encoding") {
		if coding != "" && !strings.EqualFold(coding, "identity") {
			return http.StatusUnsupportedMediaType, fmt.Errorf("content encoding %.16q", coding)
		}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(h.maxBody)))
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
	status, err := h.reader.ReadEvent(r.Header, body)
	switch {
	case err != nil:
		return http.StatusBadRequest, err
	case status.ID == "":
		return http.StatusAccepted, errNoJob
	}
	return h.accept(r.Context(), status, receipt.key(body, &status), now)
}

// accept passes on what a request says, unless it has been passed on already.
func (h *Handler) accept(ctx context.Context, s transport.Status, key *fingerprint, now time.Time) (int, error) {
	if key != nil && !h.claim(*key, now) {
		return http.StatusAccepted, errors.New("it is a repetition")
	}
	passed := false
	defer func() { // of a listener that panics, too
		if !passed && key != nil {
			h.release(*key)
		}
	}()
	if err := h.pass(ctx, s); err != nil {
		return http.StatusServiceUnavailable, err
	}
	passed = true
	return http.StatusAccepted, nil
}

func (h *Handler) claim(key fingerprint, now time.Time) bool {
	h.recentMu.Lock()
	defer h.recentMu.Unlock()
	return h.recent.add(key, now)
}

func (h *Handler) release(key fingerprint) {
	h.recentMu.Lock()
	defer h.recentMu.Unlock()
	h.recent.remove(key)
}

// pass hands s to the listeners and to the other replicas.
func (h *Handler) pass(ctx context.Context, s transport.Status) error {
	if heard := h.deliver(s); h.relay == nil {
		if !heard {
			return errors.New("nobody listens")
		}
		return nil
	}
	if err := h.relay.Publish(ctx, s); err != nil {
		return fmt.Errorf("relay: %w", err)
	}
	return nil
}

// key returns what a delivery is known by when it comes again, or nil if it must not be taken for a
// repetition. A body that says no state makes a Watcher poll each time that it comes, unless an id
// or a time that is signed shows that it is the same delivery. The status is a part of the key,
// because a header may say it.
func (r Receipt) key(body []byte, s *transport.Status) *fingerprint {
	hash := sha256.New()
	switch {
	case r.ID != "":
		_, _ = io.WriteString(hash, "id "+r.ID)
	case s.State != transport.Unknown:
		_, _ = fmt.Fprintf(hash, "body %d %q %q %s", s.State, s.ID, s.Raw, body)
	case !r.Time.IsZero():
		_, _ = hash.Write(append(strconv.AppendInt([]byte("time "), r.Time.UnixNano(), 10), ' '))
		_, _ = hash.Write(body)
	default:
		return nil
	}
	var key fingerprint
	copy(key[:], hash.Sum(nil))
	return &key
}
