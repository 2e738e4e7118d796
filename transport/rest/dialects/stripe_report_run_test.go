package dialects_test

import (
	"context"
	"os"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/rest/dialects"
)

// A create is a form, which is made of a map. With a key it can be repeated.
func ExampleStripeReportRun() {
	s := dialects.StripeReportRun()
	key := func(context.Context) (string, error) { return os.Getenv("STRIPE_API_KEY"), nil }
	c, err := rest.New(s.BaseURL, rest.WithDialect(s.Dialect), rest.WithToken(key), rest.AllowOrigin("https://files.stripe.com"))
	if err != nil {
		panic(err)
	}
	_, err = c.Create(context.Background(), transport.CreateRequest{
		IdempotencyKey: "march",
		Input: map[string]any{
			"report_type": "balance.summary.1",
			"parameters":  map[string]any{"interval_start": 1772323200, "interval_end": 1775001600},
		},
	})
	if err != nil {
		panic(err)
	}
}
