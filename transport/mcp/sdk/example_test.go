package mcpsdk_test

import (
	"context"
	"fmt"
	"log"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	jobstatus "github.com/iamber12/job-status-monitoring"
	jobmcp "github.com/iamber12/job-status-monitoring/transport/mcp"
	mcpsdk "github.com/iamber12/job-status-monitoring/transport/mcp/sdk"
)

type getParams struct {
	mcp.ParamsBase
	TaskID string `json:"taskId"`
}

type getResult struct {
	mcp.ResultBase
	TaskID string         `json:"taskId"`
	Status string         `json:"status"`
	Result map[string]any `json:"result"`
}

// A task that was started before is waited for over a session of the official SDK. Its server runs
// in the same process.
func Example() {
	ctx := context.Background()
	near, far := mcp.NewInMemoryTransports()
	server := mcp.NewServer(&mcp.Implementation{Name: "weather", Version: "1"}, nil)
	err := mcp.AddReceivingCustomMethod(server, "tasks/get", func(_ context.Context, _ *mcp.ServerSession, p *getParams) (*getResult, error) {
		return &getResult{TaskID: p.TaskID, Status: "completed", Result: map[string]any{"content": []any{}}}, nil
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := server.Connect(ctx, far, nil); err != nil {
		log.Fatal(err)
	}

	tap := mcpsdk.New(near)
	client := mcp.NewClient(&mcp.Implementation{Name: "program", Version: "1"}, nil)
	session, err := client.Connect(ctx, tap, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	tasks, err := jobmcp.New(tap)
	if err != nil {
		log.Fatal(err)
	}
	tap.Notify(tasks)
	w, err := jobstatus.New(tasks)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	fmt.Println(w.WaitForJob(ctx, "7"))
	// Output: 7: completed <nil>
}
