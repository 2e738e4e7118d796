// Package tape has recordings of a service's answers. It defines the file that package record
// writes, and decides which recorded answer a request gets when package mock replays the file.
package tape

import (
	"bytes"
	"encoding/json"
	"time"
	"unicode/utf8"
)

// file is a recording: a version, and the exchanges in the order in which they began, as JSON.
type file struct {
	Version   int        `json:"version"`
	Exchanges []Exchange `json:"exchanges"`
}

const version = 1

// Exchange is one request and its answer.
type Exchange struct {
	At     Span              `json:"at"` // the time since the first request
	Took   Span              `json:"took,omitzero"`
	Method string            `json:"method"`
	Path   string            `json:"path"` // the escaped path with the query
	Code   int               `json:"code"`
	Header map[string]string `json:"header,omitempty"`
	// At most one of these fields is set, and has the body.
	JSON   json.RawMessage `json:"json,omitempty"`
	Text   string          `json:"text,omitempty"`
	Base64 []byte          `json:"base64,omitempty"`
}

// Span is a duration, written as [time.Duration] prints it.
type Span time.Duration

// SpanOf returns d rounded to milliseconds.
func SpanOf(d time.Duration) Span { return Span(d.Round(time.Millisecond)) }

// MarshalText makes a Span an [encoding.TextMarshaler].
func (s Span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// UnmarshalText makes a Span an [encoding.TextUnmarshaler].
func (s *Span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	*s = Span(d)
	return err
}

// Encode returns the text of a recording.
func Encode(exchanges []Exchange) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "\t")
	err := e.Encode(file{version, exchanges})
	return b.Bytes(), err
}

// SetBody sets the body without its secrets. A JSON body keeps its shape.
func (e *Exchange) SetBody(body []byte, m *Mask) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if json.Valid(body) && d.Decode(&v) == nil {
		if text, err := json.Marshal(m.value(v)); err == nil {
			e.JSON = text
			return
		}
	}
	if utf8.Valid(body) {
		e.Text = m.Text(string(body))
	} else {
		e.Base64 = []byte(m.plain(string(body)))
	}
}

// Body returns the body.
func (e *Exchange) Body() string {
	var b bytes.Buffer
	switch {
	case e.JSON != nil && json.Compact(&b, e.JSON) == nil:
		return b.String()
	case e.Base64 != nil:
		return string(e.Base64)
	default:
		return e.Text
	}
}
