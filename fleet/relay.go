package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nuid"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/webhook"
)

// relayTimeout limits the time until the owner of a job confirms an event.
const relayTimeout = 2 * time.Second

// errUnheard is the error of an event that the owner of the job has not confirmed.
var errUnheard = errors.New("fleet: relay: no worker that watches the job has confirmed the event")

// relay passes events from this process to the others, and from the others to this process.
type relay struct {
	*core // nil for a Fleet that Open did not return
	ears  *ears
	id    string
}

var _ webhook.Relay = (*relay)(nil)

func newRelay(c *core, e *ears) *relay { return &relay{core: c, ears: e, id: nuid.Next()} }

// String returns a name without the fleet's configuration, which may contain a key.
func (r *relay) String() string { return "fleet: relay" }

// Publish passes st to the process that watches the job. It returns an error if that process does
// not confirm the event within two seconds.
func (r *relay) Publish(ctx context.Context, st transport.Status) error {
	if err := r.check(ctx); err != nil {
		return err
	}
	if err := transport.CheckID(st.ID); err != nil {
		return fmt.Errorf("fleet: relay: %w", err)
	}
	sealed := st
	sealed.ID = r.key.seal(st.ID)
	data := encode(relayed{Format: format, From: r.id, Status: sealed})
	if len(data) > r.maxPayload-roomForHeaders {
		// An event with the id alone makes the owner poll the job.
		data = encode(relayed{Format: format, From: r.id, Status: jobstatus.Status{ID: sealed.ID}})
	}
	ctx, cancel := context.WithTimeout(ctx, relayTimeout)
	defer cancel()
	heard, err := r.engine.tell(ctx, r.place(st.ID).partition, data)
	switch {
	case err != nil:
		return fmt.Errorf("fleet: relay: %w", err)
	case !heard:
		return errUnheard
	default:
		return nil
	}
}

// Notify passes on what other relays publish about jobs that this process watches. It returns when
// the server is lost, because events may then be missed.
func (r *relay) Notify(ctx context.Context, notify func(transport.Status)) error {
	if err := r.check(ctx); err != nil {
		return err
	}
	if notify == nil {
		return errors.New("fleet: relay: the function is nil")
	}
	defer r.ears.add(r.id, notify)()
	return r.engine.online(ctx, func() { notify(transport.Status{}) })
}
