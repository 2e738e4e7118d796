package fleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
)

// format is the version of the messages that this package writes. It reads this version and older
// ones. Newer messages are left alone, for a newer worker.
const format = 1

// errNewer is the error of a message whose format is newer than those that this package can read.
var errNewer = errors.New("its format is newer")

// submission is the message that asks to watch a job.
type submission struct {
	Format  int           `json:"v"`
	ID      string        `json:"id"`
	Kind    string        `json:"kind,omitempty"`
	Timeout time.Duration `json:"timeout,omitempty"`
	// Key is a random number of the call of Submit. A submission that is stored twice, because the
	// answer of the server was lost, has one Key.
	Key uint64 `json:"key"`
}

// ending is the message that says how a watch has ended.
type ending struct {
	Format int `json:"v"`
	// Of is the sequence of the submission whose watch has ended, and Key is its Key.
	Of     uint64           `json:"of"`
	Key    uint64           `json:"key"`
	ID     string           `json:"id"`
	Kind   string           `json:"kind,omitempty"`
	Status jobstatus.Status `json:"status"`
	// Failure is nil if the job completed.
	Failure *failure `json:"failure,omitempty"`
	// LeftOut is the size in bytes of a result that was too large.
	LeftOut int `json:"leftOut,omitempty"`
	// Forgotten marks the end of a watch that [Fleet.Forget] has ended. It is not delivered.
	Forgotten bool `json:"forgotten,omitempty"`
}

// relayed is the message that passes a new status of a job to the worker that watches the job. It
// is not stored.
type relayed struct {
	Format int `json:"v"`
	// From is the id of the relay that published the message.
	From   string           `json:"from"`
	Status jobstatus.Status `json:"status"`
}

// decodeSubmission reads a submission. It decrypts the id with k. The error matches errNewer if
// the format is newer.
func decodeSubmission(data []byte, k *secret) (s submission, err error) {
	if err := decode(data, &s, &s.Format); err != nil {
		return submission{}, err
	}
	if s.ID, err = k.open(s.ID); err != nil {
		return submission{}, err
	}
	if err := (Job{ID: s.ID, Kind: s.Kind, Timeout: s.Timeout}).check(); err != nil {
		return submission{}, err
	}
	return s, nil
}

// decodeEnding reads an ending. It decrypts the id with k. The error matches errNewer if the
// format is newer.
func decodeEnding(data []byte, k *secret) (e ending, err error) {
	if err := decode(data, &e, &e.Format); err != nil {
		return ending{}, err
	}
	if e.ID, err = k.open(e.ID); err != nil {
		return ending{}, err
	}
	if err := transport.CheckID(e.ID); err != nil {
		return ending{}, err
	}
	e.Status.ID = e.ID
	return e, e.check()
}

// check returns an error if no watch can have ended in this way.
func (e *ending) check() error {
	st := e.Status.State
	switch {
	case e.Of == 0:
		return errors.New("it names no submission")
	case e.Forgotten:
		return nil
	case e.Failure == nil && st != jobstatus.Completed, e.Failure != nil && e.Failure.Job && st != jobstatus.Failed && st != jobstatus.Canceled:
		return fmt.Errorf("its state, %v, does not fit its failure", st)
	default:
		return nil
	}
}

// decodeRelayed reads an event. It decrypts the id with k. The error matches errNewer if the
// format is newer.
func decodeRelayed(data []byte, k *secret) (e relayed, err error) {
	if err := decode(data, &e, &e.Format); err != nil {
		return relayed{}, err
	}
	if e.Status.ID, err = k.open(e.Status.ID); err != nil {
		return relayed{}, err
	}
	return e, transport.CheckID(e.Status.ID)
}

// decode reads a message into the value that into points to. The version points to the field for
// the format in that value. A field of a newer message may have another type. So if the message
// does not fit, decode reads its format alone, and the value has only the fields that fit.
func decode(data []byte, into any, version *int) error {
	err := json.Unmarshal(data, into)
	if err == nil && *version == format {
		return nil
	}
	var alone struct {
		Format int `json:"v"`
	}
	if err := json.Unmarshal(data, &alone); err != nil {
		return fmt.Errorf("it is not JSON: %w", err)
	}
	switch {
	case alone.Format > format:
		return fmt.Errorf("%w: %d, and this package reads formats up to %d", errNewer, alone.Format, format)
	case alone.Format < 1:
		return fmt.Errorf("its format is %d", alone.Format)
	}
	return err
}

func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // these types can always be encoded
	}
	return data
}

// roomForHeaders is how many bytes of the server's max_payload are reserved for the headers of a
// message.
const roomForHeaders = 1024

// encodeEnding encodes an end for a server with a max_payload of limit bytes. If the end does not
// fit, encodeEnding leaves out the result. If it still does not fit, encodeEnding replaces the
// status by the state alone.
func encodeEnding(e ending, limit int) []byte {
	e.Format = format
	result := e.Status.Result
	if len(result) > 0 && !json.Valid(result) {
		// A message is JSON, so it cannot contain a result that is not.
		e.LeftOut, e.Status.Result = len(result), nil
	}
	data := encode(e)
	if len(data) > limit-roomForHeaders && len(e.Status.Result) > 0 {
		e.LeftOut, e.Status.Result = len(result), nil
		data = encode(e)
	}
	if len(data) > limit-roomForHeaders {
		e.Status = jobstatus.Status{ID: e.Status.ID, State: e.Status.State, Message: "(left out: too large)"}
		data = encode(e)
	}
	return data
}
