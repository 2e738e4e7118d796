package dialects_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// reordered returns the same JSON with sorted keys and without space, or nil for what is no JSON.
func reordered(body []byte) []byte {
	var tree any
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff"))))
	d.UseNumber()
	if d.Decode(&tree) != nil {
		return nil
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil
	}
	text, err := json.Marshal(tree)
	if err != nil {
		return nil
	}
	return text
}

// checkReading checks what was read of an answer about a job, or of an event.
func checkReading(t *testing.T, s transport.Status, err error) {
	t.Helper()
	if err != nil {
		require.Zero(t, s)
		require.NotContains(t, err.Error(), "\n")
		var e *transport.Error
		require.ErrorAs(t, err, &e)
		return
	}
	require.True(t, s.Progress >= 0 && s.Progress <= 1, s.Progress)
	_, err = s.State.MarshalText()
	require.NoError(t, err, "no state")
}

// requireAlike checks that two forms of one answer are read alike.
func requireAlike(t *testing.T, s transport.Status, err error, again transport.Status, otherErr error) {
	t.Helper()
	require.NoError(t, otherErr, "the same with sorted keys; as it came: %v, %v", s, err)
	for _, each := range []*transport.Status{&s, &again} {
		each.Result, each.Message, each.Raw, each.Revision = nil, "", "", "" // they may quote JSON as it came
	}
	require.Equal(t, s, again)
}

// fault 17, fault 21: whatever a service answers or reports, no dialect panics, and each reads it
// like the same JSON in another order.
func FuzzAnswers(f *testing.F) {
	all := services()
	names := slices.Sorted(maps.Keys(all))
	for at, name := range names {
		text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
		require.NoError(f, err)
		var r recording
		require.NoError(f, json.Unmarshal(text, &r))
		for _, a := range r.Answers {
			f.Add(uint8(at), cmp.Or(a.Code, http.StatusOK), cmp.Or(a.ID, r.ID), []byte(a.Body)) //nolint:gosec // there are fewer than 256
		}
	}
	var body []byte
	var code int
	answering := rest.WithRoundTripper(carriedFunc(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
	}))
	f.Fuzz(func(t *testing.T, at uint8, c int, id string, b []byte) {
		if c < 200 || c > 599 || transport.CheckID(id) != nil {
			return
		}
		service := all[names[int(at)%len(names)]]
		ask := func(b []byte) (status, event transport.Status, err, eventErr error) {
			client, wrong := rest.New("http://service.invalid", append(service.Options(), rest.WithRetries(rest.NoRetries), answering)...)
			require.NoError(t, wrong)
			code, body = c, b
			status, err = client.Status(t.Context(), id)
			event, eventErr = readEvent(client, b)
			return status, event, err, eventErr
		}
		status, event, err, eventErr := ask(b)
		checkReading(t, status, err)
		checkReading(t, event, eventErr)
		other := reordered(b)
		if other == nil || strings.Contains(string(other), "\ufffd") {
			return
		}
		again, told, otherErr, toldErr := ask(other)
		if err == nil {
			requireAlike(t, status, err, again, otherErr)
		}
		if eventErr == nil {
			requireAlike(t, event, eventErr, told, toldErr)
		}
	})
}

type carriedFunc func(*http.Request) (*http.Response, error)

func (f carriedFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
