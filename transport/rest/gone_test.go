package rest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// docs/transports.md says so.
func TestADeletionEndsWhenItsJobIsGone(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{
		Create: rest.Call{Path: "-"}, Status: rest.Call{Path: "/v1/disks/{id}"}, State: "@code, error.code", Error: "-",
		States: map[string]transport.State{"200, -": transport.Running, "404, DiskNotFound": transport.Completed},
	}
	for _, c := range []struct {
		code int
		body string
		want transport.State
		err  error
	}{
		{200, `{"name":"d1","phase":"DELETING"}`, transport.Running, nil},
		{404, `{"error":{"code":"DiskNotFound","message":"no such disk"}}`, transport.Completed, nil},
		{404, `{"error":{"code":"ProjectNotFound"}}`, 0, transport.ErrNotFound},
		{404, `<html>default backend</html>`, 0, transport.ErrNotFound},
		{404, ``, 0, transport.ErrNotFound},
	} {
		s, err := serve(t, say(c.code, c.body), rest.WithDialect(d)).Status(t.Context(), "d1")
		assert.ErrorIs(t, err, c.err, c.body)
		assert.Equal(t, c.want, s.State, c.body)
	}
}

// docs/transports.md says so.
func TestTheEndOfAnEarlierRunIsNotThatOfTheNextOne(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{Status: rest.Call{Path: "/v1/builds/{id}"}, State: "build.run, build.phase", States: map[string]transport.State{
		"1, *": transport.Pending, "2, RUNNING": transport.Running, "2, PASSED": transport.Completed, "2, BROKEN": transport.Failed,
	}}
	for body, want := range map[string]transport.State{
		`{"build":{"run":1,"phase":"BROKEN"}}`:  transport.Pending,
		`{"build":{"run":2,"phase":"RUNNING"}}`: transport.Running,
		`{"build":{"run":2,"phase":"PASSED"}}`:  transport.Completed,
	} {
		s, err := serve(t, func(w http.ResponseWriter, r *http.Request) { say(200, body)(w, r) }, rest.WithDialect(d)).Status(t.Context(), "7")
		assert.NoError(t, err, body)
		assert.Equal(t, want, s.State, body)
	}
}
