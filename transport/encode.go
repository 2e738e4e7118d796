package transport

import (
	"encoding/json"
	"math"
	"time"

	"github.com/iamber12/job-status-monitoring/internal/jsonscan"
)

// encoded is a Status as JSON. A field that is not set is left out.
type encoded struct {
	ID         string          `json:"id"`
	State      State           `json:"state"`
	Raw        string          `json:"raw,omitempty"`
	Progress   float64         `json:"progress,omitempty"`
	Message    string          `json:"message,omitempty"`
	Result     json.RawMessage `json:"result,omitempty"`
	ResultText []byte          `json:"resultBytes,omitempty"`
	Revision   string          `json:"revision,omitempty"`
	RetryAfter time.Duration   `json:"retryAfter,omitempty"`
	Created    time.Time       `json:"created,omitzero"`
	Updated    time.Time       `json:"updated,omitzero"`
	Finished   time.Time       `json:"finished,omitzero"`
}

// MarshalJSON encodes the status as an object, which [Status.UnmarshalJSON] decodes to an equal
// status. Fields that are not set are left out. RetryAfter is in nanoseconds, as in the encoding of
// a [time.Duration]. A Result that is not JSON, or is nested more than 64 deep, is encoded in
// base64, as "resultBytes". Values that JSON cannot express are left out: a Progress that is not
// finite, and a time after the year 9999.
func (s Status) MarshalJSON() ([]byte, error) {
	e := encoded{ID: s.ID, State: s.State, Raw: s.Raw, Progress: s.Progress, Message: s.Message, Revision: s.Revision,
		RetryAfter: s.RetryAfter, Created: writable(s.Created), Updated: writable(s.Updated), Finished: writable(s.Finished)}
	if math.IsNaN(e.Progress) || math.IsInf(e.Progress, 0) {
		e.Progress = 0
	}
	if isShallow(s.Result) {
		e.Result = s.Result
	} else {
		e.ResultText = s.Result
	}
	return json.Marshal(e)
}

// UnmarshalJSON decodes what [Status.MarshalJSON] encodes. It ignores unknown fields, and refuses
// an unknown state.
func (s *Status) UnmarshalJSON(text []byte) error {
	var e encoded
	if err := json.Unmarshal(text, &e); err != nil {
		return err
	}
	*s = Status{ID: e.ID, State: e.State, Raw: e.Raw, Progress: e.Progress, Message: e.Message, Result: e.Result, Revision: e.Revision,
		RetryAfter: e.RetryAfter, Created: e.Created, Updated: e.Updated, Finished: e.Finished}
	if len(e.ResultText) > 0 {
		s.Result = e.ResultText
	}
	return nil
}

// isShallow reports whether a text is JSON that can stand in other JSON. A decoder refuses what is
// nested too deep, and a text that it accepts alone may be too deep within an object.
func isShallow(text []byte) bool { return new(jsonscan.Paths).Find(text, nil) == nil }

// writable returns t, or the zero time if JSON cannot express t.
func writable(t time.Time) time.Time {
	if _, err := t.MarshalJSON(); err != nil {
		return time.Time{}
	}
	return t
}
