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

// errUnheard is the error of an event that no owner of the job has confirmed.
var errUnheard = errors.New("fleet: relay: nobody who watches the job has heard it")

// relay is the relay of a fleet in one process.
type relay struct {
	*core // nil for a Fleet that Open did not return
	ears  *ears
	id    string
}

var _ webhook.Relay = (*relay)(nil)

func newRelay(c *core, e *ears) *relay { return &relay{core: c, ears: e, id: nuid.Next()} }

// String returns a name without the fleet's configuration, which may contain a key.
func (r *relay) String() string { return "fleet: relay" }

// Publish passes st to the process that watches the job.
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
		// The owner polls the job and gets the rest from the service.
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
