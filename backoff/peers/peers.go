// Package peers has the schedules of other libraries, by the names of those libraries. A program
// that moves to this library can keep its schedule.
//
//	w, err := jobstatus.New(t, jobstatus.WithBackoff(peers.AWSWaiter(0, 0)))
//
// Each schedule makes the first poll at once.
package peers

import (
	"fmt"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// AWSWaiter returns the schedule of the waiters of github.com/aws/aws-sdk-go-v2. A bound doubles
// from minDelay up to maxDelay, and each wait is drawn from minDelay to that bound.
//
//	AWSWaiter(0, 0)
//	attempt  0  1    2         3         4          5
//	wait     0  15s  15s..30s  15s..60s  15s..120s  15s..120s
//
// Zero means 15s and 120s, the delays for EC2 instances. Other waiters have another minDelay
// (service/ec2 v1.344.2, api_op_Describe*.go).
//
// Source: ComputeDelay in github.com/aws/smithy-go v1.28.9, waiter/waiter.go.
func AWSWaiter(minDelay, maxDelay time.Duration, opts ...backoff.JitterOption) backoff.Strategy {
	minDelay, maxDelay = orIfZero(minDelay, 15*time.Second), orIfZero(maxDelay, 120*time.Second)
	return backoff.FullJitter(backoff.Floor(backoff.Cap(backoff.Exponential(minDelay, 2), maxDelay), minDelay), opts...)
}

// AzurePoller returns the schedule of the Azure SDK's Poller.PollUntilDone. Each wait is the one
// that the service last asked for, even if it is short. If the service asked for none, the wait is
// frequency.
//
//	AzurePoller(0)
//	asked  0    5s  60s
//	wait   30s  5s  60s
//
// Zero means 30s. The Azure SDK refuses a frequency below a second; this Strategy does not.
//
// Source: github.com/Azure/azure-sdk-for-go/sdk/azcore v1.24.0, runtime/poller.go.
func AzurePoller(frequency time.Duration) backoff.Strategy {
	return azurePoller(orIfZero(frequency, 30*time.Second))
}

type azurePoller time.Duration

var _ backoff.Validator = azurePoller(0)

func (a azurePoller) Validate() error {
	if a < 0 {
		return fmt.Errorf("peers: AzurePoller: frequency %v: is below zero", time.Duration(a))
	}
	return nil
}

func (a azurePoller) Next(p backoff.Poll) time.Duration {
	if p.RetryAfter > 0 {
		return p.RetryAfter
	}
	return backoff.Constant(time.Duration(a)).Next(p)
}

// GAX returns the schedule of gax.Backoff of Google's API clients. Each wait is drawn from zero to
// a bound. The bound begins at initial and is multiplied each time, up to longest.
//
//	GAX(0, 0, 0)
//	attempt  0  1      2      3      4      5       6
//	wait     0  0..1s  0..2s  0..4s  0..8s  0..16s  0..30s
//
// Zero means 1s, 30s and 2. The Wait method of a longrunning Operation
// (cloud.google.com/go/longrunning v1.5.0) has the schedule GAX(0, time.Minute, 0).
//
// Source: github.com/googleapis/gax-go/v2 v2.27.0, call_option.go.
func GAX(initial, longest time.Duration, multiplier float64, opts ...backoff.JitterOption) backoff.Strategy {
	initial, longest = orIfZero(initial, time.Second), orIfZero(longest, 30*time.Second)
	return backoff.FullJitter(backoff.Cap(backoff.Exponential(initial, multiplier), longest), opts...)
}

// KubernetesWait returns the schedule of a wait.Backoff of Kubernetes with the given Duration,
// Factor, Jitter and Cap. Up to the given share of each wait is added to it at random, even beyond
// the cap. The Steps of a wait.Backoff are a limit of attempts: use jobstatus.MaxAttempts.
//
//	KubernetesWait(10*time.Millisecond, 5, 0.1, 0) // client-go v0.37.2, retry.DefaultBackoff
//	attempt  0  1           2           3             4
//	wait     0  10ms..11ms  50ms..55ms  250ms..275ms  1.25s..1.375s
//
// A duration of zero means [backoff.DefaultBase], a factor of zero means 1, and a longest of zero
// means no cap. Validate reports a factor below 1 and a share above 1, which Kubernetes accepts.
//
// Source: k8s.io/apimachinery v0.37.2, pkg/util/wait/backoff.go and wait.go.
func KubernetesWait(
	duration time.Duration, factor, share float64, longest time.Duration, opts ...backoff.JitterOption,
) backoff.Strategy {
	if factor == 0 {
		factor = 1
	}
	s := backoff.Cap(backoff.Exponential(duration, factor), longest)
	return newStretched("KubernetesWait", s, 0, share, opts)
}

// ClientGo returns the schedule that the default rate limiter of a controller's queue in client-go
// applies to one item.
//
//	ClientGo()
//	attempt  0  1    2     3     4     5     ...  18
//	wait     0  5ms  10ms  20ms  40ms  80ms       655.36s, then 1000s
//
// Source: DefaultTypedControllerRateLimiter in k8s.io/client-go v0.37.2,
// util/workqueue/default_rate_limiters.go.
func ClientGo() backoff.Strategy {
	return backoff.Cap(backoff.Exponential(5*time.Millisecond, 2), 1000*time.Second)
}

// Cenkalti returns the schedule of an ExponentialBackOff of github.com/cenkalti/backoff with its
// defaults. Each wait is drawn from half to one and a half times its nominal length, even beyond
// the cap.
//
//	Cenkalti()
//	attempt  0  1             2               3               ...  13 and more
//	wait     0  250ms..750ms  375ms..1.125s   562ms..1.687s        30s..90s
//
// Source: github.com/cenkalti/backoff/v5 v5.0.3, exponential.go.
func Cenkalti(opts ...backoff.JitterOption) backoff.Strategy {
	s := backoff.Cap(backoff.Exponential(500*time.Millisecond, 1.5), time.Minute)
	return newStretched("Cenkalti", s, 0.5, 0.5, opts)
}

// orIfZero returns d, or otherwise if d is zero. A negative d remains for Validate to report.
func orIfZero(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}
