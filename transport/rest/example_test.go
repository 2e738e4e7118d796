package rest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// A service that speaks the default dialect needs only its URL.
func Example() {
	service := http.NewServeMux()
	service.HandleFunc("POST /", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"payload":{"jobID":"7f3c"}}`)
	})
	service.HandleFunc("GET /status/{id}", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"payload":{"status":"running","progress":0.4,"message":"second pass"}}`)
	})
	server := httptest.NewServer(service)
	defer server.Close()

	client, err := rest.New(server.URL)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	ctx := context.Background()
	id, err := client.Create(ctx, transport.CreateRequest{})
	if err != nil {
		log.Fatal(err)
	}
	status, err := client.Status(ctx, id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(status)
	// Output: 7f3c: running 40%: second pass
}

// A Dialect describes a service that speaks differently.
func ExampleDialect() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL)
		_, _ = io.WriteString(w, `{"state":"DONE","percent":100,"output":{"url":"https://cdn.example.com/7"}}`)
	}))
	defer server.Close()

	client, err := rest.New(server.URL, rest.WithDialect(rest.Dialect{
		Create:        rest.Call{Path: "/v2/renders"},
		Status:        rest.Call{Path: "/v2/renders/{id}"},
		Cancel:        rest.Call{Method: http.MethodPost, Path: "/v2/renders/{id}:cancel"},
		ID:            "name",
		State:         "state",
		Progress:      "percent",
		ProgressScale: 100,
		Result:        "output",
		States: map[string]transport.State{
			"QUEUED": transport.Pending,
			"ACTIVE": transport.Running,
			"DONE":   transport.Completed,
			"BROKEN": transport.Failed,
		},
	}))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	status, err := client.Status(context.Background(), "7")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(status)
	fmt.Printf("%s\n", status.Result)
	// Output:
	// GET /v2/renders/7
	// 7: completed (DONE) 100%
	// {"url":"https://cdn.example.com/7"}
}

// Classify can recognize what no place describes, here an error in an answer of 200.
func ExampleDialect_classify() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"error":"quota exceeded"}`)
	}))
	defer server.Close()

	client, err := rest.New(server.URL, rest.WithDialect(rest.Dialect{
		Classify: func(a rest.Answer, s transport.Status, err error) (transport.Status, error) {
			if string(a.Body) == `{"error":"quota exceeded"}` {
				return s, &transport.Error{Class: transport.Throttled, Code: a.Code, RetryAfter: time.Minute}
			}
			return s, err
		},
	}))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	_, err = client.Status(context.Background(), "7")
	fmt.Println(errors.Is(err, transport.ErrThrottled))
	// Output: true
}

// The source of a token is called once, and again when the service refuses its token.
func ExampleWithToken() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer token-2" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, `{"payload":{"status":"completed"}}`)
	}))
	defer server.Close()

	asked := 0
	client, err := rest.New(server.URL, rest.WithToken(func(context.Context) (string, error) {
		asked++
		return fmt.Sprint("token-", asked), nil
	}))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	for range 3 {
		status, err := client.Status(context.Background(), "7")
		fmt.Println(status, err)
	}
	fmt.Println("asked", asked, "times")
	// Output:
	// 7: completed <nil>
	// 7: completed <nil>
	// 7: completed <nil>
	// asked 2 times
}

// A Batch asks about many jobs in one request. A Watcher uses it without an option.
func ExampleBatch() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL)
		_, _ = io.WriteString(w, `{"renders":[{"name":"7","state":"ACTIVE"},{"name":"8","state":"DONE"}]}`)
	}))
	defer server.Close()

	client, err := rest.New(server.URL, rest.WithDialect(rest.Dialect{
		Status: rest.Call{Path: "/v2/renders/{id}"},
		State:  "state",
		States: map[string]transport.State{"ACTIVE": transport.Running, "DONE": transport.Completed},
		Batch:  rest.Batch{Path: "/v2/renders?names={ids}", List: "renders", ID: "name"},
	}))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	answers, err := client.StatusBatch(context.Background(), []string{"7", "8"})
	if err != nil {
		log.Fatal(err)
	}
	for _, a := range answers {
		fmt.Println(a.Status, a.Err)
	}
	// Output:
	// GET /v2/renders?names=7,8
	// 7: running (ACTIVE) <nil>
	// 8: completed (DONE) <nil>
}

// builds is a service whose later calls need two values of the answer to a create.
type builds struct{ *rest.Client }

// Start starts a build. Its id has the project and the number, as they are in the path.
func (b builds) Start(ctx context.Context, req transport.CreateRequest) (transport.Status, error) {
	st, err := b.Client.Start(ctx, req)
	if err != nil {
		return st, err
	}
	var made struct {
		Project string
		Number  int
	}
	if err := json.Unmarshal(st.Result, &made); err != nil || made.Project == "" {
		return st, &transport.Error{Class: transport.Malformed, Err: errors.New("the new build has no project")}
	}
	st.ID, st.Result = fmt.Sprintf("%s/builds/%d", made.Project, made.Number), nil
	return st, nil
}

// Create is Start without the first status.
func (b builds) Create(ctx context.Context, req transport.CreateRequest) (string, error) {
	st, err := b.Start(ctx, req)
	return st.ID, err
}

// A dialect reads one value as the id. If later calls need two values, and no URL in the answer has
// both, a type that embeds the Client joins them.
func ExampleClient_Start_idOfTwoValues() {
	service := http.NewServeMux()
	service.HandleFunc("POST /builds", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"project":"apollo","number":7,"state":"queued"}`)
	})
	service.HandleFunc("GET /projects/{project}/builds/{number}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL)
		_, _ = io.WriteString(w, `{"project":"apollo","number":7,"state":"failed"}`)
	})
	server := httptest.NewServer(service)
	defer server.Close()

	client, err := rest.New(server.URL, rest.WithDialect(rest.Dialect{
		Create:         rest.Call{Path: "/builds"},
		Status:         rest.Call{Path: "/projects/{+id}"},
		ID:             "number",
		AnswerID:       "-", // an answer has the number alone
		CreateHasState: true,
		State:          "state",
		Result:         ".",
	}))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	watcher, err := jobstatus.New(builds{client})
	if err != nil {
		log.Fatal(err)
	}
	defer watcher.Close()
	ctx := context.Background()
	id, err := watcher.CreateJob(ctx)
	if err != nil {
		log.Fatal(err)
	}
	_, err = watcher.WaitForJob(ctx, id)
	fmt.Println(err)
	// Output:
	// GET /projects/apollo/builds/7
	// jobstatus: job "apollo/builds/7" failed
}
