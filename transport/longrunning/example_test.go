package longrunning_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport/longrunning"
)

// azure is a service whose operations have ended by the first poll.
func azure() *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /machines/7", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Azure-AsyncOperation", "/operations/42?t=7f3c")
		w.WriteHeader(http.StatusCreated)
	})
	mux.HandleFunc("GET /operations/42", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"status":"Succeeded"}`) })
	mux.HandleFunc("GET /machines/7", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"name":"7"}`) })
	return httptest.NewServer(mux)
}

func Example() {
	service := azure()
	defer service.Close()
	ops, err := longrunning.New(service.URL, longrunning.Query("api-version", "2024-07-01"))
	if err != nil {
		log.Fatal(err)
	}
	defer ops.Close()
	w, err := jobstatus.New(ops)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	ctx := context.Background()
	put, err := http.NewRequestWithContext(ctx, http.MethodPut, service.URL+"/machines/7", strings.NewReader(`{"size":"small"}`))
	if err != nil {
		log.Fatal(err)
	}
	first, err := ops.Send(ctx, put, "")
	if err != nil {
		log.Fatal(err)
	}
	status, err := w.WaitForJob(ctx, first.ID, jobstatus.From(first))
	fmt.Println(status.State, string(status.Result), err)
	// Output: completed {"name":"7"} <nil>
}

func ExampleClient_Accept() {
	service := azure()
	defer service.Close()
	ops, err := longrunning.New(service.URL, longrunning.Sign([]byte("a key of twenty-four bytes")))
	if err != nil {
		log.Fatal(err)
	}
	defer ops.Close()
	put, err := http.NewRequest(http.MethodPut, service.URL+"/machines/7", nil)
	if err != nil {
		log.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(put) // as an SDK does
	if err != nil {
		log.Fatal(err)
	}
	first, err := ops.Accept(answer, "")
	fmt.Println(first.State, first.ID[:5], err)
	// Output: running lro1. <nil>
}
