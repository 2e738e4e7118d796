package rest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// TestTheRevisionOfOneIDIsNotSentForTheNext: another URL may have the same ETag by chance.
func TestTheRevisionOfOneIDIsNotSentForTheNext(t *testing.T) {
	t.Parallel()
	var asked []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path+" "+r.Header.Get("If-None-Match"))
		w.Header().Set("ETag", `"1"`)
		body := map[int]string{2: `{"s":"queued","next":"b"}`, 4: `{"s":"completed","next":"b"}`}[len(asked)]
		if body == "" {
			body = `{"s":"queued"}`
		}
		_, _ = w.Write([]byte(body))
	}, rest.WithDialect(rest.Dialect{Status: rest.Call{Path: "/a/{id}"}, State: "s", Next: "next",
		NextDialect: &rest.Dialect{Status: rest.Call{Path: "/b/{id}"}, State: "s", Next: "next"}}))
	last, err := c.Status(t.Context(), "7")
	for range 3 {
		require.NoError(t, err)
		last, err = c.StatusSince(t.Context(), "7", last)
	}
	require.NoError(t, err)
	assert.Equal(t, transport.Completed, last.State)
	assert.Equal(t, []string{"/a/7 ", `/a/7 "1"`, "/b/b ", `/b/b "1"`}, asked)
	assert.Equal(t, `"1"`, last.Revision, "the id has not changed")
}
