package rpctest

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/iamber12/job-status-monitoring/transport"
)

// Listen calls Notify in a bubble of synctest, and returns once it listens. The first channel has
// what is told. The second has the error of Notify, which returns when the test ends at the latest.
func Listen(t testing.TB, n transport.Notifier) (told <-chan transport.Status, ended <-chan error) {
	t.Helper()
	statuses, errs := make(chan transport.Status, 8), make(chan error, 1)
	go func() { errs <- n.Notify(t.Context(), func(st transport.Status) { statuses <- st }) }()
	synctest.Wait()
	return statuses, errs
}

// CheckHides checks that no verb of package fmt prints a secret in a value or in what it points to.
func CheckHides[V any](t T, secret string, value V) {
	t.Helper()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		assert.NotContains(t, fmt.Sprintf(verb, value), secret)
		assert.NotContains(t, fmt.Sprintf(verb, &value), secret)
	}
}
