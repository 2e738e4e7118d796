package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/smithy-go/middleware"
	smithytime "github.com/aws/smithy-go/time"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/waiter"
)

// smithy waits as the waiters do that are generated for the clients of AWS: an operation through a
// stack of middleware, and a loop around it.
func smithy(s service) func(context.Context, string) error {
	client := s.client()
	if s.carrier == nil {
		pool := http.DefaultTransport.(*http.Transport).Clone()
		pool.MaxIdleConnsPerHost = 10 // as the SDK's own client has
		client = &http.Client{Transport: pool}
	}
	op := getStatus{smithyhttp.NewClientHandlerWithOptions(client), s.url}
	return func(ctx context.Context, id string) error {
		const longest = 24 * time.Hour
		ctx, cancel := context.WithTimeout(ctx, longest)
		defer cancel()
		remaining := longest
		for attempt := int64(1); ; attempt++ {
			began := time.Now()
			out, err := op.do(ctx, &getStatusInput{id})
			if err != nil {
				return err
			}
			if out.Payload.Status == completed {
				return nil
			}
			if remaining -= time.Since(began); remaining < s.every {
				return errors.New("exceeded max wait time")
			}
			delay, err := waiter.ComputeDelay(attempt, s.every, s.every, remaining)
			if err != nil {
				return err
			}
			remaining -= delay
			if err := smithytime.SleepWithContext(ctx, delay); err != nil {
				return err
			}
		}
	}
}

// getStatus is the operation that asks about a job.
type getStatus struct {
	handler middleware.Handler
	url     string
}

type getStatusInput struct{ id string }

func (o getStatus) do(ctx context.Context, in *getStatusInput) (*answer, error) {
	stack := middleware.NewStack("GetStatus", smithyhttp.NewStackRequest)
	if err := errors.Join(
		stack.Serialize.Add(middleware.SerializeMiddlewareFunc("OperationSerializer", o.serialize), middleware.After),
		stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("OperationDeserializer", o.deserialize), middleware.After),
		smithyhttp.AddErrorCloseResponseBodyMiddleware(stack),
		smithyhttp.AddCloseResponseBodyMiddleware(stack),
	); err != nil {
		return nil, err
	}
	out, _, err := middleware.DecorateHandler(o.handler, stack).Handle(ctx, in)
	if err != nil {
		return nil, err
	}
	return out.(*answer), nil
}

func (o getStatus) serialize(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (out middleware.SerializeOutput, m middleware.Metadata, err error) {
	req, ok := in.Request.(*smithyhttp.Request)
	if !ok {
		return out, m, fmt.Errorf("request of type %T", in.Request)
	}
	base, err := url.Parse(o.url)
	if err != nil {
		return out, m, err
	}
	base.Path += "/status/" + in.Parameters.(*getStatusInput).id
	req.Method, req.URL = http.MethodGet, base
	return next.HandleSerialize(ctx, in)
}

func (o getStatus) deserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (out middleware.DeserializeOutput, m middleware.Metadata, err error) {
	out, m, err = next.HandleDeserialize(ctx, in)
	if err != nil {
		return out, m, err
	}
	resp, ok := out.RawResponse.(*smithyhttp.Response)
	if !ok {
		return out, m, fmt.Errorf("response of type %T", out.RawResponse)
	}
	var a answer
	a.Payload.Status, err = read(resp.StatusCode, resp.Body)
	out.Result = &a
	return out, m, err
}
