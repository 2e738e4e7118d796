package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
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

// handshakes answers the handshakes of some services, and passes all other requests on.
func handshakes(hook http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var sent struct{ Type, Challenge string }
		var events []struct {
			Data struct{ ValidationCode string }
		}
		w.Header().Set("Content-Type", "text/plain") // anybody can send the texts
		switch token := r.URL.Query().Get("validationToken"); {
		case token != "": // Microsoft Graph
			fmt.Fprint(w, token)
			return
		case r.Method == http.MethodOptions: // CloudEvents
			w.Header().Set("WebHook-Allowed-Origin", r.Header.Get("WebHook-Request-Origin"))
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "the body is too large, or incomplete", http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		switch {
		case r.Header.Get("Aeg-Event-Type") == "SubscriptionValidation" && json.Unmarshal(body, &events) == nil && len(events) == 1: // Azure Event Grid
			w.Header().Set("Content-Type", "application/json")
			json.NewEncoder(w).Encode(map[string]string{"validationResponse": events[0].Data.ValidationCode})
		case json.Unmarshal(body, &sent) == nil && sent.Type == "url_verification": // Slack
			fmt.Fprint(w, sent.Challenge)
		default:
			hook.ServeHTTP(w, r)
		}
	})
}

// Services that check the URL, and expect a text of the request in the answer. See the page
// docs/transports.md.
func Example_handshake() {
	client, err := rest.New("https://api.example.com")
	if err != nil {
		panic(err)
	}
	hook, err := webhook.New(client, webhook.StandardWebhooks("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
	if err != nil {
		panic(err)
	}
	handler := handshakes(hook)
	for _, r := range []*http.Request{
		httptest.NewRequest(http.MethodPost, "/hooks/jobs?validationToken=Validation%3a+c7", http.NoBody),
		httptest.NewRequest(http.MethodPost, "/hooks/jobs", strings.NewReader(`[{"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent",
			"id":"1","topic":"/subscriptions/1","data":{"validationCode":"512d38b6"},"dataVersion":"1"}]`)),
		httptest.NewRequest(http.MethodPost, "/hooks/jobs", strings.NewReader(`{"token":"t","challenge":"3eZb","type":"url_verification"}`)),
		httptest.NewRequest(http.MethodPost, "/hooks/jobs", strings.NewReader(`{"id":"7"}`)),
	} {
		r.Header.Set("Aeg-Event-Type", "SubscriptionValidation")
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		fmt.Println(answer.Code, strings.TrimSpace(answer.Body.String()))
	}
	// Output:
	// 200 Validation: c7
	// 200 {"validationResponse":"512d38b6"}
	// 200 3eZb
	// 401
}
