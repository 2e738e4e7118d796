package a2a_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport/a2a"
)

func Example() {
	agent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			fmt.Fprint(w, `{"task":{"id":"7","status":{"state":"TASK_STATE_SUBMITTED"}}}`)
			return
		}
		fmt.Fprint(w, `{"id":"7","status":{"state":"TASK_STATE_COMPLETED"},"artifacts":[{"artifactId":"summary"}]}`)
	}))
	defer agent.Close()

	t, err := a2a.New(agent.URL)
	if err != nil {
		log.Fatal(err)
	}
	defer t.Close()
	w, err := jobstatus.New(t)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()

	ctx := context.Background()
	first, err := w.StartJob(ctx, jobstatus.Input(a2a.Message{Text: "Summarize the minutes."}))
	if err != nil {
		log.Fatal(err)
	}
	status, err := w.WaitForJob(ctx, first.ID, jobstatus.From(first))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(status)
	fmt.Printf("%s\n", status.Result)
	// Output:
	// 7: completed (TASK_STATE_COMPLETED)
	// [{"artifactId":"summary"}]
}

// An agent of version 0.3 pushes the change of a task.
func ExampleReadPush() {
	status, err := a2a.ReadPush([]byte(`{"kind":"status-update","taskId":"7","status":{"state":"input-required","message":{"parts":[{"kind":"text","text":"Which year?"}]}}}`))
	fmt.Println(status, err)
	// Output: 7: blocked (input-required): Which year? <nil>
}
