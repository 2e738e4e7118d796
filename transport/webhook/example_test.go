package webhook_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/webhook"
)

func Example() {
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	client, err := rest.New("https://api.example.com", rest.WithDialect(rest.Dialect{
		Status: rest.Call{Path: "/runs/{id}"}, ID: "id", State: "status",
		Event: rest.Event{At: "data"},
	}))
	if err != nil {
		panic(err)
	}
	hook, err := webhook.New(client, webhook.StandardWebhooks(secret))
	if err != nil {
		panic(err)
	}
	server := httptest.NewServer(hook)
	defer server.Close()

	// What a Watcher does with a Notifier:
	ctx, cancel := context.WithCancel(context.Background())
	told := make(chan transport.Status)
	go hook.Notify(ctx, func(s transport.Status) { told <- s })
	<-told // it listens

	// What the service does when a job has ended:
	body := `{"type":"run.ended","data":{"id":"run_7","status":"succeeded"}}`
	go func() {
		r, _ := http.NewRequest(http.MethodPost, server.URL, strings.NewReader(body))
		r.Header, _ = webhook.Sign(secret, "msg_1", time.Now(), []byte(body))
		if answer, err := http.DefaultClient.Do(r); err == nil {
			answer.Body.Close()
		}
		http.DefaultClient.CloseIdleConnections()
	}()
	fmt.Println(<-told)
	cancel()
	// Output: run_7: completed (succeeded)
}

// A service that checks the URL by a GET, and expects the value of the parameter challenge in the
// answer.
func Example_handshake() {
	client, err := rest.New("https://api.example.com")
	if err != nil {
		panic(err)
	}
	hook, err := webhook.New(client, webhook.StandardWebhooks("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/jobs", hook)
	mux.HandleFunc("GET /hooks/jobs", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain") // anybody can send the text
		fmt.Fprint(w, r.URL.Query().Get("challenge"))
	})

	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/hooks/jobs?challenge=c7", http.NoBody))
	fmt.Println(answer.Code, answer.Body)
	// Output: 200 c7
}
