package webhook_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/iamber12/job-status-monitoring/internal/edits"
	"github.com/iamber12/job-status-monitoring/transport/webhook"
)

// This is fault 46: wherever a signed request was edited, it is refused, or what its signature
// covers is as it was.
func TestEditedRequestsAreForged(t *testing.T) {
	t.Parallel()
	schemes := signed(t)
	names := slices.Sorted(maps.Keys(schemes))
	edits.Run(t, func(e *edits.Editor) error {
		name := edits.Pick(e, names)
		c := schemes[name]
		h, sent := c.header.Clone(), body
		edited := edits.Pick(e, append(values(h), &sent))
		*edited = string(e.Edit([]string{*edited}))
		receipt, err := verify(c.verifier, h, sent)
		switch {
		case err != nil && !errors.Is(err, webhook.ErrForged):
			return err
		case err != nil:
			return nil
		case sent != body && name != "shared header":
			return fmt.Errorf("%s: another body is accepted", name)
		case receipt.ID != c.receipt.ID || !receipt.Time.Equal(c.receipt.Time):
			return fmt.Errorf("%s: %v in place of %v", name, receipt, c.receipt)
		}
		now := values(h)
		for i, value := range values(c.header) {
			if !isKept(*value, *now[i]) {
				return fmt.Errorf("%s: %q was edited to %q", name, *value, *now[i])
			}
		}
		return nil
	})
}
