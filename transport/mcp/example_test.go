package mcp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport/mcp"
)

// connection stands for the session of an SDK.
type connection struct{}

func (connection) Request(_ context.Context, method string, _ any) (json.RawMessage, error) {
	if method == "tools/call" {
		return json.RawMessage(`{"resultType":"task","taskId":"7","status":"working","pollIntervalMs":10}`), nil
	}
	return json.RawMessage(`{"taskId":"7","status":"completed","result":{"content":[{"type":"text","text":"sunny"}]}}`), nil
}

// A session is adapted by a function.
func Example() {
	var session connection
	t, err := mcp.New(mcp.CallerFunc(func(ctx context.Context, method string, params json.RawMessage) (json.RawMessage, error) {
		return session.Request(ctx, method, params)
	}))
	if err != nil {
		log.Fatal(err)
	}
	w, err := jobstatus.New(t)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()

	ctx := context.Background()
	first, err := w.StartJob(ctx, jobstatus.Input(mcp.ToolCall{Name: "weather", Arguments: map[string]string{"city": "Oslo"}}))
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
	// 7: completed
	// {"content":[{"type":"text","text":"sunny"}]}
}

// A server is asked over HTTP without an SDK. This one speaks protocol version 2025-11-25.
func ExampleNewHTTP() {
	t, err := mcp.NewHTTP("https://tools.example.com/mcp", mcp.WithForm(mcp.Core))
	if err != nil {
		log.Fatal(err)
	}
	defer t.Close()
}

// What the SDK is told of tasks is fed to the Tasks.
func ExampleTasks_Feed() {
	session := mcp.CallerFunc(func(context.Context, string, json.RawMessage) (json.RawMessage, error) { return nil, nil })
	t, err := mcp.New(session)
	if err != nil {
		log.Fatal(err)
	}
	onNotification := func(method string, params json.RawMessage) {
		if method == "notifications/tasks" || method == "notifications/tasks/status" {
			if err := t.Feed(params); err != nil {
				log.Print(err)
			}
		}
	}
	onNotification("notifications/tasks", json.RawMessage(`{"status":"working"}`))
	fmt.Println(t.Feed(json.RawMessage(`{"status":"working"}`)))
	// Output: mcp: notification: it has no taskId
}
