package dialects_test

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/rest/dialects"
)

// A batch is started, asked about once, and fetched if it is done.
func ExampleOpenAIBatch() {
	ctx := context.Background()
	s := dialects.OpenAIBatch()
	key := func(context.Context) (string, error) { return os.Getenv("OPENAI_API_KEY"), nil }
	c, err := rest.New(s.BaseURL, rest.WithDialect(s.Dialect), rest.WithToken(key))
	if err != nil {
		panic(err)
	}
	id, err := c.Create(ctx, transport.CreateRequest{Input: map[string]any{
		"input_file_id": "file-1", "endpoint": "/v1/responses", "completion_window": "24h",
	}})
	if err != nil {
		panic(err)
	}
	status, err := c.Status(ctx, id)
	if err != nil {
		panic(err)
	}
	if status.State == transport.Completed {
		lines, err := c.Fetch(ctx, status)
		if err != nil {
			panic(err)
		}
		defer lines.Close()
		_, _ = io.Copy(os.Stdout, lines)
	}
	fmt.Println(status)
}
