package rest

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/redact"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Dialect says how a service speaks of jobs: how it is asked, and where in its answers what stands.
// A field that is left zero has the default that its comment names, so that the zero Dialect is the
// default dialect. Try a Dialect on recorded answers with [Dialect.Explain], and test it with
// package resttest: no dialect is safe until it was seen to tell a failed job.
//
// # Places
//
// A place says where in an answer a value stands:
//
//	payload.status              the keys on the way, joined by dots
//	["a.b"].status              a key that holds a dot, a comma or a bracket
//	jobs[0].state steps[-1]     an element of an array, counted from either end
//	conditions[type=Complete]   the first element whose field type is Complete
//	steps[ok!=true,name="a, b"] the first that fits both; a field that is missing is not equal
//	flags[=COMPLETING]          the first element that is COMPLETING
//	{id}.outputs jobs[id={id}]  the job's own id, as a part of a key or of what a field equals
//	{{id}}.outputs              a key that is {id} itself
//	@code                       the status code
//	@header.X-State             a header
//	@link.next                  the URL of that relation in the header Link
//	.                           the whole body
//	-                           nowhere
//
// A job of many parts is told by three places: "jobs[0], jobs[state!=done],
// jobs[state!=done].state" say whether there is a part yet, whether one is not done, and what that
// one says. The second place keeps a part without a state from being told as done.
//
// A field that names a place may name several, joined by commas: the first that says something is
// read. [Dialect.State] and [Dialect.Fault] read all of theirs. A key that is read and stands twice
// makes the answer malformed, and so does a status with a key on its way that stands in another
// case, too. Any other value that is missing, or not of the kind that is read there, counts as not
// said.
//
// # Rules
//
// The keys of [Dialect.States] and [Dialect.Faults] are rules: one pattern for each place of State
// or Fault, joined by commas.
//
//	completed     this word, this number or this boolean; a word in any case, a number by its value
//	CREATE_*      a word that begins so
//	*_FAILED      a word that ends so
//	*not found*   a text that holds this
//	-             nothing: absent, null, or an empty object or array
//	+             anything but nothing
//	*             anything, nothing included
//	"a, b"        in quotes, as in JSON: exactly this word, whatever signs it holds
//
// Where several rules fit an answer, the most specific one decides: a word comes before a pattern,
// a longer pattern before a shorter one, and any of them before + and *. Two rules that fit the
// same answer, of which neither is more specific and which mean different things, are an error of
// [New]. So is a rule that no answer can reach.
//
// Printing a Dialect, a Call or a Batch prints neither queries nor bodies, which may hold secrets.
type Dialect struct {
	// Create starts a job; the default is POST /. Its Path is "-" if the service starts none: an
	// attempt then matches [errors.ErrUnsupported].
	Create Call
	// Status asks about a job; the default is GET /status/{id}.
	Status Call
	// Cancel asks for a job's end; the default is DELETE /status/{id}. Its Path is "-" if the
	// service can't cancel: an attempt then matches [errors.ErrUnsupported].
	Cancel Call
	// Fetch asks for the result of a job that has completed: see [Client.Fetch]. Its {result} is
	// what stands at Result. The default is no such call: the result is what stands there.
	Fetch Call
	// Find looks for the job that a create has started, where the create's answer does not name it;
	// the default is not to look.
	Find Find
	// Batch asks about many jobs in one request; the default is none.
	Batch Batch
	// Header has the headers of every call, such as a version. Those of a Call come before these,
	// and those of [WithHeader] before both.
	Header map[string]string

	// IdempotencyHeader carries a create's idempotency key; the default is Idempotency-Key. It is
	// "-" if the service knows no such header. The create is then sent a second time only if the key
	// goes along elsewhere.
	IdempotencyHeader string
	// IdempotencyField is where in the create's body the idempotency key is put, such as
	// "clientRequestToken" or "data.token"; it is then not sent as a header, unless
	// IdempotencyHeader is set. The default is nowhere.
	IdempotencyField string
	// ID is where the answer to a create names the job; the default is payload.jobID. "@key" is the
	// create's idempotency key: the caller chooses the id. Where Status.Path is "{+id}" alone, the
	// id is a URL or a path: see [Call].
	ID string
	// IDPattern says how the id stands in the text at ID, such as "*/queue/item/{id}/" in a URL;
	// the default is the whole text. A * stands for any text.
	IDPattern string
	// AnswerID is where the answer to a status call names its job. An answer that names another job
	// is malformed. The default is what ID is set to, if that is a place in a body and neither Next
	// nor IDPattern is set; "-" is nowhere.
	AnswerID string
	// CreateTells says that the answer to a create can be read as one to a status call, so that a
	// job that is done at once is told. By default a create that succeeds is [transport.Pending].
	CreateTells bool

	// State is where the answer to a status call says how the job stands; the default is
	// payload.status. It may name several places, such as "status, conclusion". A string, a number
	// or a boolean there is a word of States. If State is one place, an object or an array there
	// makes the answer malformed, unless a rule fits it.
	//
	// If "@code" is among the places, then any status code that a rule names tells a state.
	// Otherwise only 2xx does, and 5xx but 502 to 504 if it tells an end.
	State string
	// States maps the service's words to states: see Rules above. The default is DefaultStates. The
	// word "null" is "-" by another name.
	//
	// What no rule fits is told so:
	//
	//   - All places say nothing: [transport.Pending] if the answer is a 202 or 204, and malformed
	//     otherwise.
	//   - One place alone says something, by a word that no rule names there: [transport.Unknown],
	//     with the word in Raw. A service that has a new word says it so. What is false, zero or empty
	//     says nothing here.
	//   - Otherwise the answer is malformed, and the error quotes what stands at each place. A rule
	//     such as "+, +" that means [transport.Unknown] has the wait go on instead.
	//
	// The status code, where "@code" is among the places, does not count as saying something.
	States map[string]transport.State
	// Strict makes an unknown word malformed, too.
	Strict bool

	// Fault is where any answer, whatever its status code, says that the call did not succeed, such
	// as "@code, error.code"; the default is nowhere. It may name several places.
	Fault string
	// Faults maps what stands there to classes of errors: see Rules above. It is looked at before
	// anything else but the Faults of the call. An answer that no rule fits is judged as described at
	// the top of this package.
	Faults map[string]transport.Class

	// Progress is where a number says how much is done; the default is payload.progress. It may be
	// a text with a percent sign, and it may be two places with a slash between them: "counts.done
	// / counts.total".
	Progress string
	// ProgressScale is the progress of a job that is done; the default is 1. It is 100 for a
	// service that counts percent.
	ProgressScale float64
	// Message is where a text for a person stands; the default is payload.message.
	Message string
	// Error is where a text says why a job failed or was canceled; the default is payload.error. It
	// then takes the place of the message. If anything but null, false, zero or something empty
	// stands there, the job is never told as completed, but as failed.
	Error string
	// Result is where the job's result, or what Fetch needs of it, stands; the default is
	// payload.result.
	Result string
	// Revision is where a text tells two versions of the answer apart; the default is the answer's
	// ETag.
	Revision string
	// RetryAfter is where the body says how long the service wants to be left alone, in seconds or
	// in the unit behind the place: "result.pollInterval ms". The units are ms, s and m. The default
	// is nowhere. A header that names a wait comes first.
	RetryAfter string
	// Created, Updated and Finished are where the job's times stand; the default is nowhere. A time
	// is a text as in RFC 3339, RFC 9110 or the like, or a number of seconds, milliseconds,
	// microseconds or nanoseconds since 1970, which its size tells apart. Zero is no time.
	Created, Updated, Finished string

	// Next is where an answer gives the job a new id, as the item of a queue becomes a build; the
	// default is nowhere. Later calls ask about that id. Status.ID stays what the caller gave. A
	// job is not at its end while the answer names a next id. Without Then, the id that the job has
	// already is none. A Client remembers the ids of 131,072
	// such jobs, of which 4,096 have ended, in 32 MiB at most.
	Next string
	// Then is the dialect of the job under its next id; nil, the default, is this one. Of Then, its
	// Create, Find and Batch are not used.
	Then *Dialect

	// Event says how the service tells of a job unasked: see [Client.ReadEvent]. The zero Event is
	// one that looks like the answer to a status call.
	Event Event

	// Classify, if not nil, has the last word on every answer to a status call: it is given the
	// answer and what the client made of it, and what it returns is the answer. An error that is
	// not a *transport.Error counts as transient. Of a batch it is given one item after another as
	// the Body, and no answer that is an error as a whole. Of an event it is given what stands at
	// Event.At as the Body, with the code 200.
	Classify func(a Answer, s transport.Status, err error) (transport.Status, error)
}

// Call is one way of asking. In its Path, in the values of its Header and in the texts of its Body,
// these are replaced:
//
//	{id}      the job's id; in a path it is one segment, escaped
//	{+id}     the same with its slashes as they are: no segment may be empty, "." or ".."
//	{rev}     the Revision of the newest status
//	{hold}    of Status: for how many seconds the service may keep the request until the job changes
//	{key}     the create's idempotency key, without which the create is refused
//	{result}  of Fetch: what stands at Result; {+result} likewise
//
// A hole in double braces is none: {{id}} sends {id} itself.
//
// A pair of the query or a header is left out while there is no value for its {rev} or {hold}. A
// Status with {hold}, such as "/jobs/{id}?index={rev}&wait={hold}s" or a header Prefer with
// "wait={hold}", is held by [Client.Hold] alone. Any other request then names no {rev} either, and
// 0 for a {hold} in a path.
//
// A Path that is "{+id}" or "{+result}" alone is a URL or a path that the service named. A path,
// and a URL of the base URL's origin, keep to that origin. Any other origin is refused, unless
// [AllowOrigin] names it; it is sent no credential.
type Call struct {
	// Method is the HTTP method. Whatever it is, a status call may reach the service twice.
	Method string
	// Path is appended to the base URL's path. It begins with a slash and may have a query. A query
	// is kept out of logs and errors.
	Path string
	// Header has the headers of this call. A header that [WithHeader] sets comes before it.
	Header map[string]string
	// Body is sent, as JSON; the default is no body. A text "{id:number}" in it becomes a number. In
	// a query of GraphQL, { id } with spaces is a selection and no hole. A Body that is a string
	// goes as it is if Header names a Content-Type that is not JSON.
	//
	// The Body of Create is sent if the create was given no input, or with the input in place of
	// the text "{input}". The input is encoded as the Content-Type of Header says: JSON by default,
	// application/x-www-form-urlencoded and multipart/form-data from a map, a struct or
	// [url.Values], and any other from a string or bytes. A form may hold a [File].
	Body any
	// Faults maps what an answer to this call alone says to classes of errors, as [Dialect.Faults]
	// does for all calls. Its rules are looked at before those. Of the answer to a Fetch that
	// succeeds, no place is read.
	Faults map[string]transport.Class
	// Fault is where Faults stand; the default is that of the Dialect.
	Fault string
}

// File is a part of a multipart/form-data input that has a name of its own.
type File struct {
	Name    string // of the file
	Type    string // the default is application/octet-stream
	Content []byte
}

// Find is how the job that a create has started is found, where the answer to the create does not
// name it. The client asks before the create and after it, and takes the one item that is new. It
// asks again a few times while there is none. With {key} in the Call or in ID it asks only
// afterwards, and takes the first item. The zero Find is none.
type Find struct {
	Call
	// List is where in the answer the items are; the default is ".".
	List string
	// ID is where an item names its job; the default is id.
	ID string
}

// Answer is what a service answered to one request.
type Answer struct {
	// Code is the HTTP status code.
	Code int
	// Header is the header. It must not be changed.
	Header http.Header
	// Body is the body, after decompression: at most as many bytes as [WithMaxBody] says. It may be
	// used only until the function that is given the Answer returns, and must not be changed.
	Body []byte
}

// String returns the method and the path, without the query.
func (c Call) String() string { return c.Method + " " + withoutQuery(c.Path) }

// GoString returns what String returns, so that no verb of package fmt prints a secret.
func (c Call) GoString() string { return c.String() }

// String returns the status code alone.
func (a Answer) String() string { return http.StatusText(a.Code) }

// GoString returns what String returns, so that no verb of package fmt prints a secret.
func (a Answer) GoString() string { return a.String() }

// isZero reports whether c was not set.
func (c Call) isZero() bool {
	return c.Method == "" && c.Path == "" && c.Header == nil && c.Body == nil && c.Faults == nil && c.Fault == ""
}

// withDefaults returns c with a default for each field that is zero.
func (c Call) withDefaults(method, path string) Call {
	c.Method, c.Path = cmp.Or(c.Method, method), cmp.Or(c.Path, path)
	return c
}

// withoutQuery returns a path with its query masked.
func withoutQuery(path string) string {
	if path, query, _ := strings.Cut(path, "?"); query != "" {
		return path + "?" + redact.Mask
	}
	return path
}

// String returns how the service is asked about one job, and where the state stands in its answer.
func (d Dialect) String() string {
	d = d.WithDefaults()
	return d.Status.String() + ", state at " + d.State
}

// GoString returns what String returns, so that no verb of package fmt prints a secret.
func (d Dialect) GoString() string { return d.String() }

// WithDefaults returns d with each field that is zero set to its default, where it has one.
func (d Dialect) WithDefaults() Dialect {
	d.Create = d.Create.withDefaults(http.MethodPost, "/")
	d.Status = d.Status.withDefaults(http.MethodGet, "/status/{id}")
	d.Cancel = d.Cancel.withDefaults(http.MethodDelete, "/status/{id}")
	if !d.Fetch.isZero() {
		d.Fetch = d.Fetch.withDefaults(http.MethodGet, "")
	}
	if !d.Find.isZero() {
		d.Find.Call = d.Find.Call.withDefaults(http.MethodGet, "")
		d.Find.List, d.Find.ID = cmp.Or(d.Find.List, "."), cmp.Or(d.Find.ID, "id")
	}
	d.Batch = d.Batch.withDefaults()
	if d.IdempotencyField == "" {
		d.IdempotencyHeader = cmp.Or(d.IdempotencyHeader, "Idempotency-Key")
	}
	d.ID = cmp.Or(d.ID, "payload.jobID")
	d.State = cmp.Or(d.State, "payload.status")
	if d.States == nil {
		d.States = DefaultStates()
	}
	d.Progress = cmp.Or(d.Progress, "payload.progress")
	d.ProgressScale = cmp.Or(d.ProgressScale, 1)
	d.Message = cmp.Or(d.Message, "payload.message")
	d.Error = cmp.Or(d.Error, "payload.error")
	d.Result = cmp.Or(d.Result, "payload.result")
	d.Event = d.Event.withDefaults(d)
	for _, c := range []*Call{&d.Create, &d.Status, &d.Cancel, &d.Fetch, &d.Find.Call} {
		if len(c.Faults) > 0 {
			c.Fault = cmp.Or(c.Fault, d.Fault)
		}
	}
	return d
}
