package transport_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/iamber12/job-status-monitoring/transport"
)

func ExampleStatus_String() {
	fmt.Println(transport.Status{ID: "transcode-7", State: transport.Running, Raw: "encoding", Progress: 0.42, Message: "second pass"})
	// Output: transcode-7: running (encoding) 42%: second pass
}

func ExampleError() {
	err := fmt.Errorf("builds: %w", &transport.Error{
		Class: transport.Throttled, Code: 429, RetryAfter: time.Minute, Err: errors.New("too many requests"),
	})
	fmt.Println(errors.Is(err, transport.ErrThrottled))
	// Output: true
}

func ExampleCheckID() {
	fmt.Println(transport.CheckID("builds/7"))
	fmt.Println(transport.CheckID(".."))
	// Output:
	// <nil>
	// invalid job id: ".." is a path
}
