package lro

import (
	"errors"
	"fmt"
	"testing"

	"github.com/iamber12/job-status-monitoring/internal/edits"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Fault 45: an edited id is refused, or it is the one id of its ticket and leads to the base URL's
// origin. One that was signed is refused unless it is as it was.
func TestEditedIDsAreRefusedOrLeadToTheOrigin(t *testing.T) {
	t.Parallel()
	var plain, signed []string
	made := map[string]bool{}
	for _, each := range tickets {
		for _, k := range [][]byte{nil, key} {
			id, err := each.Encode(k)
			if err != nil {
				t.Fatal(err)
			}
			if k == nil {
				plain = append(plain, id)
			} else {
				signed, made[id] = append(signed, id), true
			}
		}
	}
	r := reach()
	edits.Run(t, func(e *edits.Editor) error {
		seeds, k := plain, []byte(nil)
		if e.IntN(2) == 0 {
			seeds, k = signed, key
		}
		id := string(e.Edit(seeds))
		ticket, err := r.Open(id, k)
		switch {
		case err != nil && !errors.Is(err, transport.ErrInvalidID):
			return err
		case err != nil:
			return nil
		case k != nil && !made[id]:
			return errors.New("nobody signed it")
		}
		if again, err := ticket.Encode(k); err != nil || again != id {
			return fmt.Errorf("its ticket has the id %q (%w)", again, err)
		}
		for _, ref := range []string{ticket.Poll, ticket.Final} {
			if u, err := r.Resolve(ref); err == nil && (u.Host != "api.example.com" || u.User != nil) {
				return fmt.Errorf("it leads to %s", u.Redacted())
			}
		}
		return nil
	})
}
