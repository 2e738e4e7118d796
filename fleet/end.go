package fleet

import (
	"encoding/hex"
	"strconv"

	jobstatus "github.com/iamber12/job-status-monitoring"
)

// End says how the watch of a job ended.
type End struct {
	// Key identifies this end. If the end is delivered more than once, each delivery has the same Key.
	// A job that is submitted again after Ack gets another Key. Use the Key to recognize an end that
	// was already handled.
	Key string
	// Kind is the kind that the job was submitted with.
	Kind string
	// Status is the last status of the job. Its ID is the id of the job.
	Status jobstatus.Status
	// Err is nil if the job completed. If it failed or was canceled, it is a [*jobstatus.JobError].
	// Otherwise the watch ended before the job, and Err is a [*jobstatus.WaitError], which matches a
	// sentinel such as [jobstatus.ErrTimeout]. Its LastErr is nil, because the texts of other errors
	// are not stored.
	Err error
	// LeftOut is the size, in bytes, of a result that was too large for the server's max_payload, or
	// that is not JSON. It is zero if the result was stored. Otherwise Status.Result is nil, and the
	// result must be requested from the service.
	LeftOut int

	ack func()
}

// Ack acknowledges the end: it was handled and must not be delivered again. Ack returns at once,
// and the end is removed soon after. If 8,192 acknowledged ends are waiting to be removed, Ack
// waits. If removing it fails, the end is delivered again. The range over [Fleet.Ends] returns only
// when all acknowledged ends were removed, or could not be. A call of Ack after the range has
// returned has no effect.
//
// [Fleet.Submit] of the same job in this process waits until the end is removed. In another
// process, it has no effect until then.
func (e *End) Ack() {
	if e != nil && e.ack != nil {
		e.ack()
	}
}

// newEnd returns the End that a message tells.
func newEnd(e ending, k *secret) End {
	return End{Key: keyOf(e, k), Kind: e.Kind, Status: e.Status, Err: e.Failure.error(e.Status), LeftOut: e.LeftOut}
}

// keyOf returns the key of an end: which job, and which call of Submit.
func keyOf(e ending, k *secret) string {
	d := k.place(e.ID, 1).digest
	return hex.EncodeToString(d[:]) + "-" + strconv.FormatUint(e.Key, 36)
}
