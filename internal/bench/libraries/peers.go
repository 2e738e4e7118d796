package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"time"

	backoff "github.com/cenkalti/backoff/v5"
	"github.com/hashicorp/go-retryablehttp"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/retry"
	"k8s.io/apimachinery/pkg/util/wait"
)

// loop is what one writes by hand.
func loop(s service) func(context.Context, string) error {
	client := s.client()
	return func(ctx context.Context, id string) error {
		for {
			status, err := get(ctx, client, s.job(id))
			if err != nil {
				return err
			}
			if status == completed {
				return nil
			}
			timer := time.NewTimer(s.every)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return ctx.Err()
			}
		}
	}
}

func kubernetes(s service) func(context.Context, string) error {
	client := s.client()
	return func(ctx context.Context, id string) error {
		return wait.PollUntilContextCancel(ctx, s.every, true, func(ctx context.Context) (bool, error) {
			status, err := get(ctx, client, s.job(id))
			return status == completed, err
		})
	}
}

var errPending = errors.New("the job has not ended")

func cenkalti(s service) func(context.Context, string) error {
	client := s.client()
	return func(ctx context.Context, id string) error {
		_, err := backoff.Retry(ctx, func() (string, error) {
			status, err := get(ctx, client, s.job(id))
			if err == nil && status != completed {
				err = errPending
			}
			return status, err
		}, backoff.WithBackOff(backoff.NewConstantBackOff(s.every)), backoff.WithMaxElapsedTime(0))
		return err
	}
}

// retryable has the client ask again for as long as the job is pending.
func retryable(s service) func(context.Context, string) error {
	client := retryablehttp.NewClient()
	client.Logger = nil
	client.RetryMax = math.MaxInt
	client.Backoff = func(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return s.every }
	client.CheckRetry = func(ctx context.Context, resp *http.Response, err error) (bool, error) {
		if err != nil || resp.StatusCode != http.StatusOK {
			return retryablehttp.DefaultRetryPolicy(ctx, resp, err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			return true, nil
		}
		resp.Body = io.NopCloser(bytes.NewReader(body)) // for the caller
		status, err := read(resp.StatusCode, bytes.NewReader(body))
		return status == pending, err
	}
	if s.carrier != nil {
		client.HTTPClient = s.client()
	}
	return func(ctx context.Context, id string) error {
		req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, s.job(id), nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		_, err = read(resp.StatusCode, resp.Body)
		return err
	}
}

// terraform takes an interval of less than three minutes.
func terraform(s service) func(context.Context, string) error {
	client := s.client()
	return func(ctx context.Context, id string) error {
		conf := retry.StateChangeConf{
			Pending:      []string{pending},
			Target:       []string{completed},
			Timeout:      24 * time.Hour,
			PollInterval: s.every,
			Refresh: func() (any, string, error) {
				status, err := get(ctx, client, s.job(id))
				return status, status, err
			},
		}
		_, err := conf.WaitForStateContext(ctx)
		return err
	}
}
