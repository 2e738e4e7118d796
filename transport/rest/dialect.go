package rest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/place"
	"github.com/iamber12/job-status-monitoring/internal/redact"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Dialect describes the HTTP interface of one service: its requests, and the places of values in
// its answers. A zero field has the default that its comment names, so the zero Dialect is the
// default dialect. Try a Dialect on recorded answers with [Dialect.Explain], and test it with
// package resttest. Test it with the answer about a failed job, too.
//
// # Places
//
// A place says where in an answer a value is:
//
//	payload.status              the keys on the way, joined by dots
//	["a.b"].status              a key that holds a dot, a comma or a bracket
//	jobs[0].state steps[-1]     an element of an array, counted from either end
//	conditions[type=Complete]   the first element whose field type is Complete
//	steps[ok!=true,name="a, b"] the first that meets both; a missing ok differs from true
//	steps[error!=]              the first whose field error has a value: not null, not empty
//	entries[".tag"=failure]     a field whose name has a dot
//	flags[=COMPLETING]          the first element that equals COMPLETING
//	nodes[phase=Failed].message the same in an object: its first value whose field phase is Failed
//	{id}.outputs jobs[id={id}]  the job's id, as a key or as the value of a field
//	{{id}}.outputs              the key {id} itself
//	data.@json.status           a key within the JSON that the text at data holds
//	state.@tag                  the one key of the object state, such as failed: see below
//	a.version = b.version       true or false: whether two values are equal
//	@code                       the status code
//	@header.X-State             a header
//	@link.next                  the URL of the relation next in the header Link
//	@text                       the whole body as a text, for an answer that is not JSON
//	.                           the whole body
//	-                           no place
//
// Words in brackets are compared in any case, and ids exactly. A comparison of two values has
// spaces around its sign. It compares texts exactly and numbers by value, and has no value if one
// of the two is absent.
//
// For the state of a job with many parts, use three places, such as "jobs[0], jobs[state!=done],
// jobs[state!=done].state". The first has a value if there is a part. The second has a value if a
// part is not done, even if that part has no state. The third is the state of that part.
//
// Some services say a state by a key, as in {"state":{"failed":{"message":"x"}}}. Formats call that
// a tagged union, or a oneof. The place state.@tag is the one key at state whose value is neither
// null nor false, here failed. The value may be empty. If state is a text, the tag is that text. If
// several keys have a value, the tag is the object itself. The place @tag is the one key of the
// whole answer. If such a key stands beside other keys, compare it with itself: "done = done" is
// true if done is present, even as {}.
//
// A field can name several places, separated by commas. The first place with a value is read.
// [Dialect.State] and [Dialect.Fault] read all of their places. A value that is missing or has the
// wrong type counts as absent. So do NaN, Infinity and -Infinity, which some encoders write
// although JSON does not have them. An answer is malformed if a key that is read occurs twice. It
// is also malformed if a key on the path to the state occurs in another case too.
//
// # Answers that are not JSON
//
// Places also read an answer in one of these forms:
//
//	XML    Read as an object with the root element. An element is an object with its attributes
//	       and elements, such as Envelope.Body.Job.State, without prefixes. An element with
//	       neither is its text, as a number or a boolean if it looks like one, or null if
//	       xsi:nil says so. The text of any other element is at the key @text. Siblings of one
//	       name are one key that occurs several times: Jobs[id=7].State is the State of one.
//	       Elsewhere than at State and ID, the first of them that has a value is read.
//	form   name=value&name=value. It is read as an object if the Content-Type says that it is a
//	       form or plain text.
//	lines  JSON in lines, as of the Content-Type application/x-ndjson or application/jsonl. It is
//	       read as an array of the lines: [-1].status is in the last one.
//	)]}'   Some services put these characters, or these and a comma, before JSON. They are ignored.
//
// For any other text, use @text with a pattern.
//
// # Rules
//
// The keys of [Dialect.States] and [Dialect.Faults] are rules. A rule has one pattern for each
// place of State or Fault, separated by commas.
//
//	completed     this word, this number in any notation, even as a text, or this boolean
//	CREATE_*      a word that begins with CREATE_
//	*_FAILED      a word that ends with _FAILED
//	CREATE_*_OK   a word that begins with CREATE_ and ends with _OK
//	*not found*   a text that contains "not found"
//	-             no value: absent, null, an empty text, object or array, or a zero time
//	+             any value but 0, false and those of -
//	*             any value or no value
//	"a, b"        this word, quoted as in JSON; its special characters have no other meaning
//
// Neither + nor - matches 0, false, or a text that is 0, false or null. Such a value may mean that
// something has happened or that it has not, so give it a rule of its own: the rule "exited, 0" is
// for the exit code 0, and "exited, +" for others. A zero time is one of the year 1, or the epoch
// of Unix as a text, such as 1970-01-01T00:00:00Z, or 0000-00-00. A rule with the word "" is for
// the empty text.
//
// Patterns ignore case. But if a rule spells a word exactly as the answer does, rules that spell it
// otherwise do not match. If two rules with different meanings differ only in the case of a word,
// the word must be spelled as in one of them.
//
// If several rules match an answer, the most specific one decides. A word is more specific than a
// pattern with an asterisk, and a longer such pattern than a shorter one. The patterns + and * are
// the least specific. If there are several places, the more specific rule has, at each of them, a
// pattern that is at least as specific: "a, *" and "*, b" do not outrank each other. [New] returns
// an error if two rules with different meanings match the same answer and neither is more specific.
// It also returns an error for a rule that more specific rules make useless. Two rules such as *a*
// and *b* are no error, because no rule can match just the answers that both match. An answer that
// matches both is malformed.
//
// Printing a Dialect, a Call or a Batch prints neither queries nor bodies, which may hold secrets.
type Dialect struct {
	// Create starts a job. The default is POST /. Set its Path to "-" if the service cannot start
	// jobs: Create then returns an error that matches [errors.ErrUnsupported].
	Create Call
	// Status asks about a job. The default is GET /status/{id}.
	Status Call
	// Cancel cancels a job. The default is DELETE /status/{id} if Status has no Path. Otherwise the
	// Client cannot cancel jobs, as if the Path of Cancel were "-": [Client.Cancel] then returns an
	// error that matches [errors.ErrUnsupported].
	Cancel Call
	// Fetch requests the result of a completed job: see [Client.Fetch]. Its {result} is the value at
	// Result. By default there is no such call, and the value at Result is the result.
	Fetch Call
	// Find looks for the job that a create has started, if the answer to the create does not have its
	// id. By default an answer without an id is malformed.
	Find Find
	// Batch asks about many jobs in one request. The default is no batches.
	Batch Batch
	// Header has headers for every call, such as the version of an API. A header of a Call takes
	// precedence over these, and a header of [WithHeader] over both.
	Header map[string]string

	// IdempotencyHeader is the header with the idempotency key of a create. The default is
	// Idempotency-Key. Set it to "-" if the service ignores such a header. The create is then sent a
	// second time only if the key is elsewhere in the request. A key that is nowhere has no effect,
	// and a Watcher logs one warning of it.
	IdempotencyHeader string
	// IdempotencyField is the place of the idempotency key in the body of a create, such as
	// "clientRequestToken" or "data.token". In JSON it is a path of keys, and in a form the name of a
	// field. The key is then not sent in a header, unless IdempotencyHeader is set. A create with a
	// key is refused if its body is neither JSON nor a form. By default the body has no key.
	IdempotencyField string
	// ID is the place of the job's id in the answer to a create. The default is payload.jobID. "@key"
	// means the idempotency key of the create, if the caller chooses the id. If Status.Path is just
	// "{+id}", the id is a URL or a path: see [Call]. If the place is a header, such as
	// "@header.Location", a 303 answers a create like a 2xx.
	ID string
	// IDPattern says which part of the text at ID is the id, such as "*/queue/item/{id}/" in a URL. A
	// * stands for any text. If the text is a URL, or begins with a slash, the id is unescaped. The
	// default is the whole text.
	IDPattern string
	// AnswerID is the place of the job's id in the answer to a status call. An answer that names
	// another job is malformed. The default is the place that ID is set to, if it is in the body.
	// There is no default if Next or IDPattern is set. With "-" the id is not checked.
	AnswerID string
	// CreateHasState says that the answer to a create also has the state of the job. It is then read
	// like the answer to a status call, so that a job that has already ended is recognized. By default
	// a job is [transport.Pending] after a successful create.
	CreateHasState bool

	// State is the place of the state in the answer to a status call. The default is payload.status.
	// It can name several places, such as "status, conclusion". A string, a number or a boolean there
	// is looked up in States. If State is one place, an object or an array there makes the answer
	// malformed, unless a rule matches it.
	//
	// If "@code" is among the places, an answer with any status code that a rule names has a state.
	// Otherwise an answer has a state if its code is a 2xx. It also has one if its code is a 5xx that
	// no gateway sends, and the state is terminal: see the documentation of this package.
	//
	// A redirect whose code a rule names is not followed. If the rule says that the job has completed,
	// the answer is misdirected in the same cases as a 303 without a status.
	//
	// If none of the places is in the body, as with "@code" alone, the defaults of Progress, Message,
	// Error and Result are "-", for no place. Then nothing reads the body of a 2xx, and only its
	// beginning is received. So a service can answer 202 until the job is done, and then with the file
	// that it has made, however large. Set Fetch to the same Path, and [Client.Fetch] returns the
	// file. A page of HTML does not count as that file, unless States name it, as in "@code,
	// @header.Content-Type" with the rule "200, text/html*".
	State string
	// States maps the service's words to states: see Rules above. The default is [DefaultStates]. The
	// word "null" means the same as "-".
	//
	// An answer that matches no rule means:
	//
	//   - If no place has a value: [transport.Pending] for a 202 or 204, and malformed otherwise.
	//   - If just one place has a value, and no rule has that word for this place:
	//     [transport.Unknown], with the word in Raw. So a new word of a service is not an error. Here
	//     false, zero, empty values and zero times count as no value.
	//   - Otherwise the answer is malformed, and the error quotes the value at each place. To continue
	//     the wait instead, add a rule such as "+, *" that means [transport.Unknown].
	//
	// If "@code" is among the places, the status code does not count as a value.
	States map[string]transport.State
	// Strict makes an answer with an unknown word malformed too.
	Strict bool

	// Fault is the place of an error in any answer, whatever its status code, such as "@code,
	// error.code". It can name several places. By default no place is read.
	Fault string
	// Faults maps the values at Fault to classes of errors: see Rules above. Only the Faults of a Call
	// take precedence over it. The documentation of this package says what an answer that matches no
	// rule means. With [transport.Unauthorized], the request is sent again if [WithToken] has a new
	// token, as after a 401.
	//
	// A successful answer to Create or Cancel need not have the job itself. Without a value at Fault,
	// other than "@code", it does not mean [transport.NotFound].
	Faults map[string]transport.Class

	// Progress is the place of a number that says how much is done. The default is payload.progress.
	// The value can be a text with a percent sign, or a text such as "3/7". Progress can also be two
	// places whose values are divided: "counts.done / counts.total".
	Progress string
	// ProgressScale is the number that means that all is done. The default is 1. Set it to 100 for a
	// service that reports percent.
	ProgressScale float64
	// Message is the place of a text for a person. The default is payload.message.
	Message string
	// Error is the place of a text that says why a job failed or was canceled. The default is
	// payload.error. For such a job the text replaces the message. If the value there is not null,
	// false, zero or empty, a job whose state would be completed is failed. An object counts as empty
	// if all its members are null, zero or empty. If the place also has texts that are no errors, it
	// is one for Message, and Error is "-".
	Error string
	// Result is the place of the job's result, or of the {result} of Fetch. The default is
	// payload.result.
	Result string
	// Revision is the place of a text that changes when the answer changes. The default is the
	// answer's ETag.
	Revision string
	// RetryAfter is the place in the body of the wait that the service asks for. The unit is seconds,
	// unless ms, s or m follows the place, as in "result.pollInterval ms". A header that names a wait
	// takes precedence. The place is read in answers that are errors, too: a 403 or a 409 that names a
	// wait is throttling. In the answer to a batch it is read in each item. By default no place is
	// read.
	RetryAfter string
	// Created, Updated and Finished are the places of the job's times. By default no place is read. A
	// time is a text in a format such as RFC 3339 or RFC 9110, or a number that counts from 1970. The
	// size of the number decides whether its unit is seconds, milliseconds, microseconds or
	// nanoseconds. Zero means no time, and so does a zero time: see Rules above.
	Created, Updated, Finished string

	// MaxBody is the largest body of an answer, in bytes, for a service whose answers may be larger
	// than [DefaultMaxBody], such as one that puts results into them. [WithMaxBody] takes precedence.
	// The default is 0, for DefaultMaxBody. The maximum is 256 MiB.
	MaxBody int

	// Next is the place of a new id of the job. Some services give one, for example when an item of a
	// queue becomes a build. Later calls ask about the new id, and Status.ID remains the id that the
	// caller gave. While an answer has a new id, the job has not ended. Without a NextDialect, the
	// present id of the job does not count as a new id. By default no place is read.
	//
	// A Client remembers new ids in at most 32 MiB, for at most 131,072 jobs. At most 4,096 of these
	// jobs may have ended.
	Next string
	// NextDialect is the dialect of the calls about a new id. The default, nil, is this dialect. The
	// Create, Find, Batch and MaxBody of a NextDialect are not used. At most eight dialects, the first
	// included, can follow one another.
	NextDialect *Dialect

	// Event describes the events that the service sends, as a webhook or in a stream: see
	// [Client.ReadEvents]. With the zero Event, an event is read like the answer to a status call. The
	// Event of NextDialect describes events about a new id.
	Event Event

	// Classify, if not nil, is called for every answer to a status call. Its arguments are the answer,
	// and the status and error that the Client has read from it. Its results replace that status and
	// error. An error that is not a [*transport.Error] counts as transient. Classify must be safe for
	// concurrent use.
	//
	// For a batch, Classify is called for each item, with the item as the Body. It is not called if
	// the whole batch failed. For an event, the Body is the value at Event.At, and the code is 200.
	Classify func(a Answer, s transport.Status, err error) (transport.Status, error)
}

// Call describes one kind of request. These texts are replaced in its Path, in the values of its
// Header, and in the strings of its Body:
//
//	{id}      the job's id; in a path it is one segment, escaped
//	{+id}     the job's id with unescaped slashes; no segment may be empty, "." or ".."
//	{rev}     the Revision of the newest status
//	{hold}    in Status: for how many seconds the service may hold the request
//	{key}     the idempotency key of a create; a create without a key is refused
//	{result}  in Fetch: the value at Result; {+result} leaves its slashes unescaped
//
// Double braces are not replaced: {{id}} sends the text {id}.
//
// A query parameter or a header is omitted while there is no value for its {rev} or {hold}. A
// Status can have {hold} in a query, such as "/jobs/{id}?index={rev}&wait={hold}s", or in a header,
// such as Prefer with "wait={hold}". [Client.Hold] then asks the service to hold the request. The
// other methods omit {hold} and {rev} from such a Status, and send 0 for a {hold} in the path.
//
// A Path of just "{+id}" or "{+result}" is replaced by a URL or a path that the service has named.
// A path belongs to the origin of the base URL. A URL of another origin is refused, unless
// [AllowOrigin] names that origin. Requests to another origin carry no credential.
type Call struct {
	// Method is the HTTP method. The default is POST for Create, DELETE for Cancel, and GET for any
	// other call. With any method, a status call may reach the service twice.
	Method string
	// Path is appended to the path of the base URL. It begins with a slash and may have a query. The
	// query never appears in logs or errors.
	Path string
	// Header has the headers of this call. A header that [WithHeader] sets takes precedence.
	Header map[string]string
	// Body is sent as JSON. The default is no body. A string "{id:number}" in it is replaced by the id
	// as a number. An { id } with spaces is not replaced, as in a query of GraphQL. If Header names a
	// Content-Type that is not JSON, a Body that is a string is sent unchanged. In a form and in XML,
	// an id is escaped.
	//
	// The Body of Create is sent if the create has no input. If the Body has the string "{input}", it
	// is also sent with the input in place of that string. The input is encoded as the Content-Type of
	// Header says; the default is JSON. A form (application/x-www-form-urlencoded or
	// multipart/form-data) is made from a map, a struct or [url.Values], and may hold a [File]. Any
	// other type is made from a string or bytes.
	Body any
	// Faults maps values in an answer to this call to classes of errors, as [Dialect.Faults] does for
	// all calls. These rules take precedence over those. They are not applied to a successful answer
	// to a Fetch.
	Faults map[string]transport.Class
	// Fault has the places that Faults reads. The default is the Fault of the Dialect.
	Fault string
}

// File is a file in a multipart/form-data input.
type File struct {
	// Name is the name of the file.
	Name string
	// Type is the media type of the file. The default is application/octet-stream.
	Type string
	// Content is the content of the file.
	Content []byte
}

// Find describes how to find the job that a create has started, if the answer to the create does
// not have its id. The Client makes the Call before the create and after it, and takes the one item
// that is new. If there is none, or the Call fails in a way that may pass, it makes the Call up to
// five more times within 16 seconds, or later if the service asks for a wait. Another program may
// start a job at the same time. So after one new item was found, the Client makes the Call once
// more. If no item or several items are new, the create returns a permanent error, although the job
// may run. Creates of one Client take turns.
//
// With {key} in the Call, in List or in ID, the Client makes the Call only after the create, and
// takes the first item. The zero Find makes no Call.
type Find struct {
	Call
	// List is the place of the items in the answer. The default is ".".
	List string
	// ID is the place of the job's id in an item. The default is id.
	ID string
}

// Answer is the answer of a service to one request.
type Answer struct {
	// Code is the HTTP status code.
	Code int
	// Header has the headers of the answer. It must not be changed.
	Header http.Header
	// Body is the body after decompression, at most as long as [WithMaxBody] allows. It must not be
	// changed. It is valid only until the function that receives the Answer returns.
	Body []byte
}

// String returns the method and the path, without the query.
func (c Call) String() string { return c.Method + " " + withoutQuery(c.Path) }

// GoString returns what String returns, so that no verb of package fmt prints a secret.
func (c Call) GoString() string { return c.String() }

// String returns the status code and its text, such as "404 Not Found".
func (a Answer) String() string {
	return strings.TrimSpace(strconv.Itoa(a.Code) + " " + http.StatusText(a.Code))
}

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

// String returns the method and path of a status call, and the place of the state in its answer.
func (d Dialect) String() string {
	d = d.WithDefaults()
	return d.Status.String() + ", state at " + d.State
}

// GoString returns what String returns, so that no verb of package fmt prints a secret.
func (d Dialect) GoString() string { return d.String() }

// isInBody reports whether any of some places is in the body. It reports true for what does not
// parse.
func isInBody(text string) bool {
	places, err := place.ParseList(text)
	return err != nil || slices.ContainsFunc(places, place.Place.IsInBody)
}

// WithDefaults returns a copy of d with the default in place of each zero field that has a default.
func (d Dialect) WithDefaults() Dialect {
	d.Create = d.Create.withDefaults(http.MethodPost, "/")
	if d.Status.Path != "" && d.Cancel.isZero() {
		d.Cancel.Path = none
	}
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
	d.ProgressScale = cmp.Or(d.ProgressScale, 1)
	progress, message, err, result := "payload.progress", "payload.message", "payload.error", "payload.result"
	if !isInBody(d.State) {
		progress, message, err, result = none, none, none, none
	}
	d.Progress, d.Message, d.Error, d.Result = cmp.Or(d.Progress, progress), cmp.Or(d.Message, message), cmp.Or(d.Error, err), cmp.Or(d.Result, result)
	d.Event = d.Event.withDefaults(d)
	for _, c := range []*Call{&d.Create, &d.Status, &d.Cancel, &d.Fetch, &d.Find.Call} {
		if len(c.Faults) > 0 {
			c.Fault = cmp.Or(c.Fault, d.Fault)
		}
	}
	return d
}
