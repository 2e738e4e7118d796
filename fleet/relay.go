package fleet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nuid"
	"go.uber.org/zap"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/webhook"
)

// relayTimeout limits the time until the owner of a job says that it has heard an event.
const relayTimeout = 2 * time.Second

// errUnheard is the error of an event that no owner of the job has heard.
var errUnheard = errors.New("fleet: relay: nobody who watches the job has heard it")

// relayed is the message that there is news of a job. It is not stored.
type relayed struct {
	Format int `json:"v"`
	// From is the relay that published it.
	From   string           `json:"from"`
	Status jobstatus.Status `json:"status"`
}

// Relay returns a relay that passes a webhook from the process that receives it to the process that
// watches the job, in one round trip.
//
//	hook, err := webhook.New(client, verifier, webhook.WithRelay(f.Relay()))
//	w, err := jobstatus.NewHTTP(url, jobstatus.WithNotifier(hook))
//	go f.Run(ctx, w)
//
// The message has only the job's Status, and is not stored. If the process that watches the job
// does not confirm it within two seconds, Publish returns an error. The [webhook.Handler] then
// answers 503, so that the service sends the webhook again. If a message is lost, a poll detects
// the change later: see [jobstatus.WithQuietInterval].
//
// A relay does not deliver what it publishes itself.
func (f *Fleet) Relay() webhook.Relay {
	return &relay{f: f, id: nuid.Next()}
}

// relay is a replica's part of a fleet's relay.
type relay struct {
	f  *Fleet
	id string
}

var _ webhook.Relay = (*relay)(nil)

// String names the relay, and nothing of the fleet's configuration.
func (r *relay) String() string { return "fleet: relay" }

// Publish passes st to the process that watches the job.
func (r *relay) Publish(ctx context.Context, st transport.Status) error {
	if err := r.f.check(ctx); err != nil {
		return err
	}
	if err := transport.CheckID(st.ID); err != nil {
		return fmt.Errorf("fleet: relay: %w", err)
	}
	sealed := st
	sealed.ID = r.f.key.seal(st.ID)
	data := encode(relayed{Format: format, From: r.id, Status: sealed})
	if len(data) > r.f.maxPayload-roomForHeaders {
		// The owner polls the job and gets the rest from the service.
		data = encode(relayed{Format: format, From: r.id, Status: jobstatus.Status{ID: sealed.ID}})
	}
	ctx, cancel := context.WithTimeout(ctx, relayTimeout)
	defer cancel()
	heard, err := r.f.engine.tell(ctx, r.f.key.place(st.ID, r.f.partitions).partition, data)
	switch {
	case err != nil:
		return fmt.Errorf("fleet: relay: %w", err)
	case !heard:
		return errUnheard
	default:
		return nil
	}
}

// Notify delivers what other relays publish of jobs that this process watches. It returns when the
// server was lost, because events may have been missed then.
func (r *relay) Notify(ctx context.Context, notify func(transport.Status)) error {
	if err := r.f.check(ctx); err != nil {
		return err
	}
	if notify == nil {
		return errors.New("fleet: relay: the function is nil")
	}
	defer r.f.ears.add(r, notify)()
	return r.f.engine.online(ctx, func() { notify(transport.Status{}) })
}

// hear delivers the events of a partition until ctx ends.
func (f *Fleet) hear(ctx context.Context, partition int) {
	for pause := time.Duration(0); ctx.Err() == nil; {
		err := f.engine.hear(ctx, partition, func(data []byte) bool { return f.heard(partition, data) })
		if ctx.Err() != nil || errors.Is(err, errLost) {
			return
		}
		pause = nextPause(pause)
		f.log.Debug("events are not heard yet", zap.Int("partition", partition), zap.Error(err))
		sleep(ctx, pause)
	}
}

// heard takes in an event. It reports whether anybody here listens.
func (f *Fleet) heard(partition int, data []byte) bool {
	e, err := decodeRelayed(data, f.key)
	if err == nil && f.key.place(e.Status.ID, f.partitions).partition != partition {
		err = errors.New("it is about a job of another partition")
	}
	if err != nil {
		f.log.Debug("an event cannot be read and is dropped", zap.Int("partition", partition), zap.Error(err))
		return false
	}
	return f.ears.tell(e.From, e.Status)
}

// decodeRelayed reads an event, whose id k opens. The error matches errNewer if its format is
// newer.
func decodeRelayed(data []byte, k *secret) (e relayed, err error) {
	if err := decode(data, &e, &e.Format); err != nil {
		return relayed{}, err
	}
	if e.Status.ID, err = k.open(e.Status.ID); err != nil {
		return relayed{}, err
	}
	return e, transport.CheckID(e.Status.ID)
}

// ears are the calls of Notify. The zero value is ready.
type ears struct {
	mu   sync.RWMutex // held for reading while they are told
	all  map[int]ear  // guarded by mu
	next int          // guarded by mu
}

// ear is a call of Notify.
type ear struct {
	of     *relay
	notify func(transport.Status)
}

// add adds a call until over is called. After that, notify is not called any more.
func (e *ears) add(r *relay, notify func(transport.Status)) (over func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.all == nil {
		e.all = map[int]ear{}
	}
	e.next++
	key := e.next
	e.all[key] = ear{r, notify}
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.all, key)
	}
}

// tell tells all but the relay that published st. It reports whether there are any, that one
// included.
func (e *ears) tell(from string, st transport.Status) bool {
	e.mu.RLock()
	defer e.mu.RUnlock()
	for _, ear := range e.all {
		if ear.of.id != from {
			own := st
			own.Result = append([]byte(nil), st.Result...)
			ear.notify(own)
		}
	}
	return len(e.all) > 0
}
