package rest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/jsonscan"
	"github.com/iamber12/job-status-monitoring/internal/redact"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Batch says how a service is asked about many jobs in one request, and where in its answer what
// stands. The zero Batch is none.
//
//	Batch{Path: "/jobs?ids={ids}"}                               GET /jobs?ids=a,b
//	Batch{Path: "/jobs?id={id}"}                                 GET /jobs?id=a&id=b
//	Batch{Path: "/get", Body: map[string]any{"ids": "{ids}"}}    POST /get with {"ids":["a","b"]}
//	Batch{Path: "/jobs?active=1", Next: "@link.next"}            GET /jobs?active=1, and its next pages
//
// The answer holds an item for each job: an array of them, or an object that has them by id. An
// item is read as the answer to a status call is: see Item. What becomes of an answer is told at
// Client.StatusBatch.
type Batch struct {
	// Method is the HTTP method; the default is GET, and POST if there is a Body. Whatever it is,
	// the request may reach the service twice.
	Method string
	// Path is appended to the base URL's path, as that of a Call is. Its query names the jobs,
	// unless Body does: {ids} is replaced by all ids with Separator between them, and a pair with
	// {id}, such as id={id}, stands once for each. Each id is escaped.
	Path string
	// Separator stands between two ids in place of {ids}; the default is a comma. Ids that it could
	// not tell apart, such as one that holds it, are asked about one at a time.
	Separator string
	// Body is sent, as JSON, with an array of the ids in place of its one value "{ids}"; the
	// default is no body. The Body "{ids}" is the array alone.
	Body any
	// Header has the headers of this call, as that of a Call does.
	Header map[string]string
	// Max is how many jobs one request asks about at most, from 2 to 1000; the default is 100.
	Max int

	// List is where in the answer the items are; the default is ".", an answer that is nothing
	// else.
	List string
	// ID is where an item names its job, by a string or a number; the default is id. "-" is for a
	// List that is an object, and the key of each item is the job's id.
	ID string
	// Item is the place in the answer to a status call whose value an item is; the default is ".",
	// the whole. It is "job" for a service that answers {"job":{"state":"x"}} about one, and
	// {"jobs":[{"id":"7","state":"x"}]} about many. The Dialect's places are read within it, and
	// what they read elsewhere a batch does not say.
	Item string
	// State is where an item says how its job stands, if that is not the Dialect's State within
	// Item.
	State string
	// NotFound is where an item says, by anything but null and false, that there is no such job;
	// the default is nowhere.
	NotFound string
	// Next is where the answer names its next page: a URL or a path of the same origin, or what
	// stands for {page} in Path, whose pair is left out for the first page. "@link.next" is the link
	// of that relation in the header Link. The default is nowhere. Pages are followed until all jobs
	// have been found, up to 20 of them.
	Next string
}

const (
	maxBatch = 1000
	// maxURL bounds the URL of a batch: RFC 9110, 4.1, has all take 8,000 bytes, and knows of none
	// that take more.
	maxURL = 8000
	// batchShare is by what part of WithMaxBody the answer to a batch may be larger for each job,
	// and so many times it in all.
	batchShare = 16
)

const (
	manyIDs = "{ids}"
	aBody   = `"{ids}"`
)

var (
	errNoBatch = errors.New("the dialect has no Batch")
	errTwice   = errors.New("the job stands twice in the answer, not alike")
)

func (b Batch) withDefaults() Batch {
	if b.isZero() {
		return b
	}
	if b.Body != nil {
		b.Method = cmp.Or(b.Method, http.MethodPost)
	}
	b.Method = cmp.Or(b.Method, http.MethodGet)
	b.Separator = cmp.Or(b.Separator, ",")
	b.Max = cmp.Or(b.Max, 100)
	b.List = cmp.Or(b.List, ".")
	b.ID = cmp.Or(b.ID, "id")
	b.Item = cmp.Or(b.Item, ".")
	return b
}

// String returns the method and the path, without the query.
func (b Batch) String() string {
	b = b.withDefaults()
	return Call{Method: b.Method, Path: b.Path}.String()
}

// isZero reports whether b was not set.
func (b Batch) isZero() bool { return b.Method == "" && b.Path == "" && b.Body == nil && b.Max == 0 }

// GoString returns what String returns, so that no verb of package fmt prints a secret.
func (b Batch) GoString() string { return b.String() }

// batch is a Batch at a base URL.
type batch struct {
	Batch
	to       *endpoint       // its query is what stands before and after the ids
	each     [2]string       // what stands before and after each id in the query
	between  string          // what stands between them
	joined   bool            // whether it is the Separator
	body     [2]string       // what stands before and after the array of ids, if any
	list, id *jsonscan.Paths // of one path each
	notFound *jsonscan.Paths // nil for nowhere
	reader   *reader         // of an item
	length   int             // of the URL without the ids
}

// newBatch returns the batch of a dialect that has its defaults, or all that is wrong with it.
func newBatch(base *url.URL, d Dialect) (*batch, error) {
	b := &batch{Batch: d.Batch}
	var problems []error
	note := func(err error) {
		if err != nil {
			problems = append(problems, err)
		}
	}
	note(b.ask(base))
	if b.Max < 2 || b.Max > maxBatch {
		note(fmt.Errorf("field Max: %d: must be from 2 to %d", b.Max, maxBatch))
	}
	place := func(name, path string) *jsonscan.Paths {
		p, err := jsonscan.Compile(path)
		if err == nil && path == "-" {
			err = errors.New("must be read")
		}
		if err != nil {
			note(fmt.Errorf("field %s: %w", name, err))
		}
		return p
	}
	b.list = place("List", b.List)
	if b.ID != "-" {
		b.id = place("ID", b.ID)
	}
	if b.NotFound != "" && b.NotFound != "-" {
		b.notFound = place("NotFound", b.NotFound)
	}
	place("Item", b.Item)
	for _, p := range []*string{&d.State, &d.Progress, &d.Message, &d.Error, &d.Result, &d.Revision, &d.Created, &d.Updated, &d.Finished} {
		*p = within(b.Item, *p)
	}
	if d.State == "-" {
		note(fmt.Errorf("field Item: %q: the State of the dialect is not in it", b.Item))
	} else {
		b.reader, _ = newReader(d) // what is wrong with d is told of d
	}
	return b, errors.Join(problems...)
}

// within returns where in an item, which stands at a place itself, another place is.
func within(item, path string) string {
	switch {
	case item == "." || path == "" || path == "." || path == "-":
		return path
	case path == item:
		return "."
	case strings.HasPrefix(path, item+"."):
		return path[len(item)+1:]
	default:
		return "-"
	}
}

// ask takes apart how the service is asked.
func (b *batch) ask(base *url.URL) (err error) {
	text := ""
	if b.Body != nil {
		encoded, err := json.Marshal(b.Body)
		if err != nil {
			return fmt.Errorf("field Body: %w", err)
		}
		text = string(encoded)
	}
	path, query, _ := strings.Cut(b.Path, "?")
	hole := manyIDs
	if strings.Contains(query, placeholder) {
		hole = placeholder
	}
	filled := path + "?" + strings.Replace(query, hole, "ids", 1)
	if b.to, err = newEndpoint(base, Call{Method: b.Method, Path: filled}, false); err != nil {
		return err
	}
	if n := strings.Count(query, hole) + strings.Count(text, aBody); n != 1 {
		return fmt.Errorf("path %q and the Body name {ids} %d times together, they take one", path, n)
	}
	if before, after, ok := strings.Cut(text, aBody); ok {
		if b.body = [2]string{before, after}; !json.Valid([]byte(before + "[]" + after)) {
			return errors.New("field Body: {ids} is a key, and must be a value")
		}
		return nil
	}
	if b.Body != nil {
		return errors.New("field Body: it does not name {ids}")
	}
	before, after, _ := strings.Cut(query, hole)
	if b.joined = hole == manyIDs; b.joined {
		b.between = strings.ReplaceAll(url.QueryEscape(b.Separator), "%2C", ",")
	} else {
		pair := strings.LastIndexByte(before, '&') + 1
		rest := strings.IndexByte(after+"&", '&')
		b.between, b.each = "&", [2]string{before[pair:], after[:rest]}
		before, after = before[:pair], after[rest:]
	}
	b.to.query = [2]string{before, after}
	bare := *b.to
	bare.query = [2]string{before + after + "x"}
	u := bare.url("")
	b.length = len(u.String()) - len("x")
	return nil
}

// request returns where to ask about jobs, and the body to send, nil if there is none; or why not,
// as an error of a class.
func (b *batch) request(ids []string) (*endpoint, []byte, transport.Class, error) {
	to := *b.to
	if b.Body != nil {
		array, _ := json.Marshal(ids) // strings always can be
		return &to, slices.Concat([]byte(b.body[0]), array, []byte(b.body[1])), 0, nil
	}
	if b.joined && !slices.Equal(strings.Split(strings.Join(ids, b.Separator), b.Separator), ids) {
		return nil, nil, transport.Permanent, fmt.Errorf("ids that the separator %q can't tell apart", b.Separator)
	}
	var query strings.Builder
	query.WriteString(to.query[0])
	for i, id := range ids {
		if i > 0 {
			query.WriteString(b.between)
		}
		query.WriteString(b.each[0] + url.QueryEscape(id) + b.each[1])
	}
	query.WriteString(to.query[1])
	to.query = [2]string{query.String()}
	u := to.url("")
	if n := len(u.String()); n > maxURL {
		return nil, nil, transport.Oversized, fmt.Errorf("a URL of %d bytes, at most %d", n, maxURL)
	}
	return &to, nil, 0, nil
}

// MaxBatch returns the Max of the dialect's Batch, and 0 if it has none.
func (c *Client) MaxBatch() int {
	if c == nil || c.settings == nil || c.batch == nil {
		return 0
	}
	return c.batch.Max
}

// StatusBatch asks about many jobs in one request, as the dialect's Batch says. The answers stand
// in the order of ids. One is an error if its item can't be read, if two items name its job and do
// not say the same of it, if NotFound says that there is none, or if its id is one that
// transport.CheckID refuses. An item that spells an id in another case is about that job if no
// other item and no other job could be meant. A job that no item names has no answer, and items
// about other jobs are passed over. An answer of 202 or 204 that is not JSON is about no job.
//
// What comes back for the request as a whole is what Status would return, but for this: any 5xx is
// an error, whatever its body says. 404 is permanent, for it does not say which job was not found.
// 413, 414 and 431, more ids than MaxBatch, a URL over 8,000 bytes and a body over what WithMaxBody
// says are an error of class transport.Oversized. Ids that the Separator can't tell apart are a
// permanent one, so that a Watcher asks about them one at a time. Fit tells beforehand what goes
// into one request.
func (c *Client) StatusBatch(ctx context.Context, ids []string) ([]transport.Answer, error) {
	var problem error
	if c.MaxBatch() == 0 {
		problem = errNoBatch
	}
	k, err := c.begin(ctx, problem)
	if err != nil {
		return nil, err
	}
	defer c.end(k)
	b := k.batch
	k.to = b.to
	if len(ids) > b.Max {
		return nil, k.fail(transport.Oversized, fmt.Errorf("%d jobs at once, at most %d", len(ids), b.Max))
	}
	var answers []transport.Answer
	var fit []string
	for _, id := range ids {
		if err := transport.CheckID(id); err != nil {
			answers = append(answers, refusal(id, &transport.Error{Class: transport.Permanent, Err: fmt.Errorf("rest: %w", err)}))
		} else {
			fit = append(fit, id)
		}
	}
	if len(fit) == 0 {
		return answers, nil
	}
	to, body, class, err := b.request(fit)
	if err != nil {
		return nil, k.fail(class, err)
	}
	var told []transport.Answer
	k.to, k.id, k.repeatable = to, fit[0], true // the id is for the jitter
	k.limit = batchBody(k.maxBody, len(fit))
	k.read = func(k *call) (err error) {
		told, err = k.readBatch(fit)
		return err
	}
	if err := k.do(ctx, body); err != nil {
		return nil, err
	}
	return append(answers, told...), nil
}

// batchBody returns how many bytes the answer to a batch of n jobs has at most, where any other has
// at most so many.
func batchBody(most, n int) int {
	return max(most, min(most+n*(most/batchShare), batchShare*most, largestMaxBody))
}

// refusal is the answer about a job whose status could not be told.
func refusal(id string, err error) transport.Answer {
	return transport.Answer{Status: transport.Status{ID: id}, Err: err}
}

// readBatch returns what the answer says of the jobs that were asked about.
func (k *call) readBatch(ids []string) ([]transport.Answer, error) {
	switch {
	case k.code/100 != 2:
		return nil, k.fail(web.ClassOfBatchCode(k.code, k.hint != 0), errors.New(k.quote(http.StatusText(k.code))))
	case k.large:
		return nil, k.fail(transport.Oversized, k.tooLarge())
	}
	items, err := k.batch.items(k.body)
	switch {
	case err != nil && k.isAccepted() && isNotJSON(err):
		return nil, nil
	case err != nil:
		return nil, k.unread(err)
	}
	told := make([]transport.Answer, len(ids))
	for i, item := range k.batch.match(ids, items) {
		answer := k.readItem(ids[i], item)
		switch {
		case told[i].Status.ID == "":
			told[i] = answer
		case !alike(&told[i], &answer):
			told[i] = refusal(ids[i], k.fail(transport.Malformed, errTwice))
		}
	}
	return slices.DeleteFunc(told, func(a transport.Answer) bool { return a.Status.ID == "" }), nil
}

// items returns the part of an answer that holds the items.
func (b *batch) items(body []byte) ([]byte, error) {
	var found [1][]byte
	if err := b.list.Find(body, found[:]); err != nil {
		return nil, err
	}
	kind, opening := "array", byte('[')
	if b.id == nil {
		kind, opening = "object", '{'
	}
	if found[0] == nil || found[0][0] != opening {
		return nil, fmt.Errorf("no %s at %s (Batch.List)", kind, b.List)
	}
	return found[0], nil
}

// job returns the id of the job that an item is about, or "" if it is about none.
func (b *batch) job(key, item []byte) string {
	if b.id == nil {
		if item[0] == 'n' { // null
			return ""
		}
		return jsonscan.Text(key)
	}
	var found [1][]byte
	if b.id.Find(item, found[:]) != nil {
		return ""
	}
	return idText(found[0])
}

// readItem returns what an item says of its job.
func (k *call) readItem(id string, item []byte) transport.Answer {
	s, err := k.judgeItem(id, item)
	if classify := k.reader.dialect.Classify; classify != nil {
		s, err = classify(Answer{k.code, k.answer, item}, s, err)
	}
	if err != nil {
		return refusal(id, err)
	}
	s.ID = id
	return transport.Answer{Status: s}
}

func (k *call) judgeItem(id string, item []byte) (transport.Status, error) {
	var found [1][]byte
	if b := k.batch; b.notFound != nil {
		if err := b.notFound.Find(item, found[:]); err != nil {
			return transport.Status{}, k.unreadItem(item, err)
		}
		if found[0] != nil && found[0][0] != 'f' { // false
			return transport.Status{}, k.fail(transport.NotFound, errors.New(redact.Excerpt(item, k.sensitive()...)))
		}
	}
	var s transport.Status
	err := k.batch.reader.readStatus(&s, item, &k.found)
	if err != nil {
		return transport.Status{}, k.unreadItem(item, err)
	}
	s.ID, s.RetryAfter = id, k.hint
	return s, nil
}

func (k *call) unreadItem(item []byte, err error) error {
	return k.fail(transport.Malformed, fmt.Errorf("%w: %s", err, redact.Excerpt(item, k.sensitive()...)))
}
