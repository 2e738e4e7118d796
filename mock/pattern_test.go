package mock_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

func TestServiceKnowsTheCallsOfItsDialectInEachForm(t *testing.T) {
	t.Parallel()
	status := rest.Call{Path: "/jobs/{id}"}
	typed := func(typ string) map[string]string { return map[string]string{"Content-Type": typ} }
	form := typed("application/x-www-form-urlencoded")
	for name, d := range map[string]rest.Dialect{
		"input in an array":        {Create: rest.Call{Path: "/jobs", Body: []any{"{input}"}}, Status: status},
		"input beside a key":       {Create: rest.Call{Path: "/jobs", Body: map[string]any{"token": "r-{key}", "in": "{input}"}}, Status: status},
		"input in place of a body": {Create: rest.Call{Path: "/jobs", Body: map[string]any{"kind": "x"}}, Status: status},
		"input as a form":          {Create: rest.Call{Path: "/jobs", Header: form, Body: "a=b"}, Status: status},
		"input in several parts":   {Create: rest.Call{Path: "/jobs", Header: typed("multipart/form-data")}, Status: status},
		"key in a query":           {Create: rest.Call{Path: "/jobs?request={key}"}, Status: status, IdempotencyHeader: "-"},
		"key in a header":          {Create: rest.Call{Path: "/jobs", Header: map[string]string{"X-Request": "r-{key}"}}, Status: status},
		"key in a field":           {Create: rest.Call{Path: "/jobs"}, IdempotencyField: "data.token", Status: status},
		"key in a field of a form": {Create: rest.Call{Path: "/jobs", Header: form}, IdempotencyField: "token", Status: status},
		"key as the id":            {Create: rest.Call{Method: "PUT", Path: "/jobs/{key}"}, ID: "@key", Status: status},
		"id in a header":           {Create: rest.Call{Path: "/jobs"}, Status: rest.Call{Path: "/job/{id}", Header: map[string]string{"X-Job": "job {id}"}}},
		"id in a form":             {Create: rest.Call{Path: "/jobs"}, Status: rest.Call{Method: "POST", Path: "/", Header: form, Body: "Action=Get&Id={id}"}},
		"id in a text":             {Create: rest.Call{Path: "/jobs"}, Status: rest.Call{Method: "POST", Path: "/", Header: typed("text/plain"), Body: "show {id}, and {{id}}"}},
		"id is a path":             {Create: rest.Call{Path: "/v1/jobs"}, ID: "@header.Location", Status: rest.Call{Path: "{+id}"}},
		"id is a path of a POST":   {Create: rest.Call{Path: "/v1/jobs"}, ID: "@header.Location", Status: rest.Call{Method: "POST", Path: "{+id}"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := mock.NewServer(t, mock.WithDialect(d), mock.Created(mock.Completed(nil)))
			client, err := rest.New(srv.URL, rest.WithDialect(d))
			require.NoError(t, err)
			defer client.Close()
			create := transport.CreateRequest{Input: map[string]any{"a": "1", "data": "2"}, IdempotencyKey: "key 7"}
			if d.IdempotencyField == "data.token" {
				create.Input = map[string]any{"data": map[string]any{"a": 1}}
			}
			if d.ID == "@key" {
				create.IdempotencyKey = "key-7"
			}
			id, err := client.Create(t.Context(), create)
			require.NoError(t, err)
			again, err := client.Create(t.Context(), create)
			require.NoError(t, err)
			assert.Equal(t, id, again)
			st, err := client.Status(t.Context(), id)
			require.NoError(t, err)
			assert.Equal(t, transport.Completed, st.State)
			_, err = client.Status(t.Context(), "/nobodys")
			assert.ErrorIs(t, err, transport.ErrNotFound)
		})
	}
}

func TestServiceKnowsNoCallOfAnotherForm(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{
		Create: rest.Call{Path: "/jobs", Header: map[string]string{"X-Target": "Start"}, Body: map[string]any{"v": 2, "in": "{input}"}},
		Status: rest.Call{Path: "/jobs/{id}"},
	}
	srv := mock.NewServer(t, mock.WithDialect(d))
	for name, change := range map[string]func(*rest.Dialect){
		"header": func(d *rest.Dialect) { d.Create.Header = nil },
		"body":   func(d *rest.Dialect) { d.Create.Body = map[string]any{"v": 3, "in": "{input}"} },
		"key":    func(d *rest.Dialect) { d.Create.Body = map[string]any{"in": "{input}"} },
	} {
		d := d
		change(&d)
		client, err := rest.New(srv.URL, rest.WithDialect(d))
		require.NoError(t, err)
		_, err = client.Create(t.Context(), transport.CreateRequest{Input: 1})
		assert.ErrorContains(t, err, "Page not found", name)
		assert.NoError(t, client.Close())
	}
}
