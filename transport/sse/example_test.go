package sse_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/sse"
)

func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, "event: run\ndata: {\"id\":\"run_7\",\"status\":\"succeeded\"}\n\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer server.Close()
	client, err := rest.New(server.URL, rest.WithDialect(rest.Dialect{Status: rest.Call{Path: "/runs/{id}"}, ID: "id", State: "status"}))
	if err != nil {
		panic(err)
	}
	stream, err := sse.New(server.URL+"/events", client)
	if err != nil {
		panic(err)
	}
	defer stream.Close()

	// What a Watcher does with a Notifier:
	ctx, cancel := context.WithCancel(context.Background())
	err = stream.Notify(ctx, func(s transport.Status) {
		if s.ID == "" {
			fmt.Println("connected")
			return
		}
		fmt.Println(s)
		cancel()
	})
	fmt.Println(err)
	// Output:
	// connected
	// run_7: completed (succeeded)
	// context canceled
}
