package dialects_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/internal/edits"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// A recorded service is a dialect with what its service answered.
type recorded struct {
	client *rest.Client
	ids    []string
	codes  []int
	bodies []string
}

// fault 17: however an answer was edited, each dialect reads a status or returns an error of the
// transport in one line.
func TestEditedAnswersAreReadOrRefused(t *testing.T) {
	t.Parallel()
	var code int
	var body []byte
	answering := rest.WithRoundTripper(carriedFunc(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
	}))
	var all []recorded
	every := services()
	for _, name := range slices.Sorted(maps.Keys(every)) {
		text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
		require.NoError(t, err)
		var of recording
		require.NoError(t, json.Unmarshal(text, &of))
		each := recorded{}
		each.client, err = rest.New("http://service.invalid", append(every[name].Options(), rest.WithRetries(rest.NoRetries), answering)...)
		require.NoError(t, err)
		for _, a := range of.Answers {
			each.ids = append(each.ids, cmp.Or(a.ID, of.ID))
			each.codes = append(each.codes, cmp.Or(a.Code, http.StatusOK))
			each.bodies = append(each.bodies, string(a.Body))
		}
		all = append(all, each)
	}
	tagged := rest.Dialect{Status: rest.Call{Path: "/{id}"}, ID: "id", State: "state.@tag", Error: "state.failed.message", Result: "state.done",
		States: map[string]transport.State{"queued": transport.Pending, "running": transport.Running, "done": transport.Completed, "failed": transport.Failed}}
	client, err := rest.New("http://service.invalid", rest.WithDialect(tagged), rest.WithRetries(rest.NoRetries), answering)
	require.NoError(t, err)
	all = append(all, recorded{client: client, ids: []string{"1"}, codes: []int{http.StatusOK, http.StatusAccepted}, bodies: []string{
		`{"id":"1","state":{"queued":{}}}`, `{"state":{"running":{"share":0.5},"failed":null,"done":false}}`, `{"state":"running"}`,
		`{"id":1,"state":{"done":{"url":"u"}}}`, `{"state":{"failed":{"message":"disk full"}}}`, `{"state":{}}`,
	}})
	edits.Run(t, func(e *edits.Editor) error {
		s := edits.Pick(e, all)
		code, body = edits.Pick(e, s.codes), e.Edit(s.bodies)
		status, err := s.client.Status(t.Context(), edits.Pick(e, s.ids))
		if problem := problemOf(status, err); problem != nil {
			return problem
		}
		return problemOf(readEvent(s.client, body))
	})
}

// problemOf returns what is wrong about a status that was read, and about the error beside it.
func problemOf(s transport.Status, err error) error {
	if err != nil {
		var e *transport.Error
		if !errors.As(err, &e) || strings.Contains(err.Error(), "\n") || s.State != 0 {
			return fmt.Errorf("%v with the error %w", s, err)
		}
		return nil
	}
	if !(s.Progress >= 0 && s.Progress <= 1) {
		return fmt.Errorf("the progress is %v", s.Progress)
	}
	_, err = s.State.MarshalText()
	return err
}
