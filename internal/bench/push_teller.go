package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/iamber12/job-status-monitoring/transport/webhook"
)

// pushSecret signs webhooks.
const pushSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// teller is a service on a socket whose jobs end when the caller says so. It reports each end in
// one way, and records the time of the report.
type teller struct {
	url    string
	tell   func(id string, body []byte) // nil if it reports nothing
	client *http.Client
	stream chan []byte // events for the one connection

	mu    sync.Mutex
	ended map[string]time.Time // when the end of a job was reported, or when it was if nothing is reported
	polls int
}

// newTeller starts a service. It serves until stop is called.
func newTeller() (t *teller, stop func(), err error) {
	t = &teller{ended: map[string]time.Time{}, client: &http.Client{}, stream: make(chan []byte, 1024)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status/{id}", t.status)
	mux.HandleFunc("GET /events", t.events)
	t.url, stop, err = listen(mux)
	return t, stop, err
}

// listen serves at a free port of this machine.
func listen(h http.Handler) (url string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server, done := &http.Server{Handler: h}, make(chan struct{})
	go func() { // ends when stop is called
		defer close(done)
		_ = server.Serve(l)
	}()
	return "http://" + l.Addr().String(), func() { _ = server.Close(); <-done }, nil
}

func (t *teller) status(w http.ResponseWriter, r *http.Request) {
	t.mu.Lock()
	t.polls++
	_, ended := t.ended[r.PathValue("id")]
	t.mu.Unlock()
	state := "pending"
	if ended {
		state = "completed"
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"payload":{"status":%q}}`, state)
}

func (t *teller) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	_ = control.Flush()
	for {
		select {
		case e := <-t.stream:
			if _, err := w.Write(e); err != nil || control.Flush() != nil {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}

// end ends a job and reports it.
func (t *teller) end(id string) {
	t.now(id)
	if t.tell != nil {
		t.tell(id, fmt.Appendf(nil, `{"payload":{"jobID":%q,"status":"completed"}}`, id))
	}
}

// now records the present time as the end of a job, or as the report of its end.
func (t *teller) now(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended[id] = time.Now()
}

// endAll ends jobs one by one, evenly spread in time.
func (t *teller) endAll(ids []string, within time.Duration) {
	began := time.Now()
	for i, id := range ids {
		time.Sleep(time.Until(began.Add(within * time.Duration(i) / time.Duration(len(ids)))))
		go t.end(id)
	}
}

// since returns how long ago a job ended.
func (t *teller) since(id string) time.Duration {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	return now.Sub(t.ended[id])
}

// byWebhook makes t call a URL.
func (t *teller) byWebhook(to string) {
	t.tell = func(id string, body []byte) {
		header, err := webhook.Sign(pushSecret, "msg_"+id, time.Now(), body)
		if err != nil {
			return
		}
		r, err := http.NewRequest(http.MethodPost, to, bytes.NewReader(body))
		if err != nil {
			return
		}
		r.Header = header
		t.now(id)
		answer, err := t.client.Do(r)
		if err == nil {
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
		}
	}
}

// byStream makes t send an event.
func (t *teller) byStream() {
	t.tell = func(id string, body []byte) {
		event := fmt.Appendf(nil, "data: %s\n\n", body)
		t.now(id)
		t.stream <- event
	}
}

// ask polls a job like a loop written by hand.
func (t *teller) ask(id string) (ended bool, err error) {
	answer, err := t.client.Get(t.url + "/status/" + id)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	var body struct{ Payload struct{ Status string } }
	err = json.NewDecoder(answer.Body).Decode(&body)
	return body.Payload.Status == "completed", err
}
