package rest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/place"
	"github.com/iamber12/job-status-monitoring/internal/template"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Batch describes a request about many jobs, and the places of values in its answer. With the zero
// Batch, each request is about one job.
//
//	Batch{Path: "/jobs?ids={ids}"}                               GET /jobs?ids=a,b
//	Batch{Path: "/jobs?id={id}"}                                 GET /jobs?id=a&id=b
//	Batch{Path: "/jobs/{ids}"}                                   GET /jobs/a,b
//	Batch{Path: "/get", Body: map[string]any{"ids": "{ids}"}}    POST /get with {"ids":["a","b"]}
//	Batch{Path: "/jobs?active=1", Next: "@link.next"}            GET /jobs?active=1, then more pages
//
// The answer has an item for each job, in an array or in an object by id. An item is read like the
// answer to a status call: see Item. [Client.StatusBatch] describes the results.
type Batch struct {
	// Method is the HTTP method. The default is GET, or POST if there is a Body. With any method, the
	// request may reach the service twice.
	Method string
	// Path is appended to the path of the base URL, like the Path of a [Call]. It names the jobs,
	// unless Body does. In the path or in the query, {ids} is replaced by all ids with Separator
	// between them. A parameter of the query with {id}, such as id={id}, is repeated for each id. Ids
	// are escaped.
	Path string
	// Separator is the text between two ids of {ids}. The default is a comma. A job whose id contains
	// Separator, or could otherwise be misread, is asked about alone.
	Separator string
	// Body is sent as JSON, with an array of the ids in place of its one value "{ids}". The Body
	// "{ids}" is just the array. The default is no body.
	Body any
	// Header has the headers of this request, like the Header of a [Call].
	Header map[string]string
	// Max is the largest number of jobs in one request, from 2 to 1000. The default is 100.
	Max int

	// List is the place of the items in the answer. The default is ".", the whole answer. If List or
	// Next is set, even to ".", neither Path nor Body needs to name ids. The answer may then list all
	// jobs of the service.
	List string
	// ID is the place of the job's id, a string or a number, in an item. The default is id. Set it to
	// "-" if List is an object and the key of each item is the job's id.
	ID string
	// Item is the place in the answer to a status call that corresponds to an item of a batch. The
	// default is ".", the whole answer. It is "job" for a service that answers {"job":{"state":"x"}}
	// about one job, and {"jobs":[{"id":"7","state":"x"}]} about many. Only places of the Dialect
	// within Item can be read in a batch.
	Item string
	// State is the place of the state in an item. The default is the Dialect's State within Item.
	State string
	// NotFound is a place in an item. Any value there except null and false means that there is no
	// such job. By default no place is read.
	NotFound string
	// Next is the place of the next page in the answer. The value there is a URL or a path of the same
	// origin, or a value for {page} in Path. The parameter with {page} is omitted for the first page.
	// "@link.next" is the link with the relation next in the header Link. At most 20 pages are read,
	// and no more once all jobs are found. By default one page is read.
	Next string
}

const (
	maxBatch = 1000
	// maxURL is the longest URL of a batch, in bytes. RFC 9110, 4.1, recommends that all software
	// supports URLs of 8,000 bytes.
	maxURL = 8000
	// batchShare sets the largest answer to a batch. The limit grows by 1/batchShare of WithMaxBody
	// for each job, up to batchShare times WithMaxBody.
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
	to      *form     // the form of the request without the ids
	before  string    // the part of the query before the ids
	after   string    // the part of the query after the ids
	each    [2]string // the text before and after each id
	between string    // the text between two ids
	joined  bool      // whether between is the Separator
	inPath  bool      // whether the ids are in the path
	lists   bool      // whether the request names no ids
	body    [2]string // the body before and after the array of ids, if there is a body
	reader  *reader   // reads an item
	length  int       // the length of the URL without the ids
	batchPlaces
}

// batchPlaces are the places that are read in the answer to a batch.
type batchPlaces struct {
	at       place.Place // the place of the list
	list     *place.Set  // of that place
	id       *place.Set  // of one place; nil if the key is the id
	notFound *place.Set  // of one place, or nil
	next     *place.Set  // of one place, or nil
}

// maxPages is the maximum number of pages that are read for one batch.
const maxPages = 20

// newBatch returns the batch of a dialect. The error joins all problems with it.
func newBatch(base *url.URL, allow []*url.URL, d Dialect) (*batch, error) {
	d, _ = d.withHeader() // newStage returns the error
	b := &batch{Batch: d.Batch.withDefaults(), lists: d.Batch.List != "" || d.Batch.Next != ""}
	d = d.WithDefaults()
	var problems []error
	note := func(err error) {
		if err != nil {
			problems = append(problems, err)
		}
	}
	note(b.ask(base, allow, d.Header))
	if b.Max < 2 || b.Max > maxBatch {
		note(fmt.Errorf("field Max: %d: must be from 2 to %d", b.Max, maxBatch))
	}
	for _, field := range []struct {
		name, text string
		must       bool
		to         **place.Set
	}{{"List", b.List, true, &b.list}, {"ID", b.ID, b.ID != "-", &b.id}, {"NotFound", b.NotFound, false, &b.notFound}, {"Next", b.Next, false, &b.next}} {
		set, err := onePlace(field.text, field.must)
		if err != nil {
			note(fmt.Errorf("field %s: %w", field.name, err))
		}
		*field.to = set
	}
	b.at, _ = place.Parse(b.List) // an error is noted above
	item, err := place.Parse(b.Item)
	if err == nil && item.Source != place.Body {
		err = errors.New("must be read")
	}
	if err != nil {
		note(fmt.Errorf("field Item: %w", err))
		return b, errors.Join(problems...)
	}
	d.AnswerID, d.Fault, d.Faults = "-", "", nil
	note(b.compile(d, item))
	return b, errors.Join(problems...)
}

// onePlace returns the Set of one place, or nil if the place is nowhere.
func onePlace(text string, must bool) (*place.Set, error) {
	p, err := place.Parse(text)
	switch {
	case err != nil:
		return nil, err
	case p.Source == place.Nowhere && must:
		return nil, errors.New("must be read")
	case p.Source == place.Nowhere:
		return nil, nil
	}
	return place.NewSet([]place.Place{p}, 1)
}

// compile makes the reader of an item. The argument item is the place of an item in the answer to a
// status call.
func (b *batch) compile(d Dialect, item place.Place) error {
	own := b.State != ""
	if own {
		d.State = b.State
	}
	r, err := newReader(d)
	if err != nil {
		if own {
			return fmt.Errorf("field State: %w", err)
		}
		return nil // the problems of d are reported elsewhere
	}
	first := 0
	if own {
		first = r.at[inState+1]
	}
	for i := first; i < len(r.places); i++ {
		r.places[i] = r.places[i].Within(item)
	}
	for i := r.at[inNext]; i < r.at[inNext+1]; i++ {
		if r.places[i].Source != place.Body { // a header is not about a single job
			r.places[i].Source = place.Nowhere
		}
	}
	if r.field(inState)[0].Source == place.Nowhere {
		return fmt.Errorf("field Item: %q: the State of the dialect is not in it", b.Item)
	}
	if !own {
		r.dialect.State = strings.TrimPrefix(d.State, b.Item+".")
	}
	b.reader = r
	r.set, err = place.NewSet(r.places, r.at[inState+1])
	return err
}

// ask compiles the request.
func (b *batch) ask(base *url.URL, allow []*url.URL, shared map[string]string) (err error) {
	text := ""
	if b.Body != nil {
		encoded, err := json.Marshal(b.Body)
		if err != nil {
			return fmt.Errorf("field Body: %w", err)
		}
		text = string(encoded)
	}
	path, query, _ := strings.Cut(b.Path, "?")
	if strings.Contains(query, "#") {
		return fmt.Errorf("path %q has a fragment", path)
	}
	hole := manyIDs
	if strings.Contains(query, placeholder) {
		hole = placeholder
	}
	pair, around := cutPair(query, hole)
	named := path
	if rest := pair[0] + pair[1]; rest != "" {
		named += "?" + strings.Trim(rest, "&")
	}
	n := strings.Count(path, manyIDs) + strings.Count(query, hole) + strings.Count(text, aBody)
	b.lists = b.lists && n == 0
	holes := []string{template.Page}
	if b.inPath = namesIDs(path) && n == 1; b.inPath {
		named, holes = strings.Replace(named, manyIDs, placeholder, 1), append(holes, template.ID)
	}
	if b.to, err = newForm(base, allow, Call{Method: b.Method, Path: named, Header: b.Header}, shared, false, holes...); err != nil {
		return err
	}
	if n != 1 && !b.lists {
		return fmt.Errorf("path %q and the Body must contain {ids} once, and contain it %d times; without it, set List or Next", path, n)
	}
	if _, err := url.ParseQuery(around[0] + "ids" + around[1]); err != nil {
		return fmt.Errorf("path %q: its query does not parse", path)
	}
	return b.hold(text, hole, pair, around)
}

// namesIDs reports whether a path has {ids}, and neither {id} nor {{ids}}.
func namesIDs(path string) bool {
	return strings.Contains(path, manyIDs) && !strings.Contains(path, placeholder) && !strings.Contains(path, "{"+manyIDs)
}

// hold finds the place of the ids: in the path, in the text of a body, or around a hole in
// the query.
func (b *batch) hold(text, hole string, pair, around [2]string) error {
	if before, after, ok := strings.Cut(text, aBody); ok {
		b.body = [2]string{before, after}
		switch {
		case !json.Valid([]byte(before + "[]" + after)):
			return errors.New("field Body: {ids} is a key, and must be a value")
		case strings.HasSuffix(before, "[") && strings.HasPrefix(after, "]"):
			return errors.New(`field Body: {ids} becomes an array, and must not stand in one: write "{ids}" in place of ["{ids}"]`)
		}
		return nil
	}
	if b.Body != nil {
		if b.body[0] = text; b.lists {
			return nil
		}
		return errors.New("field Body: it does not name {ids}")
	}
	if b.joined = hole == manyIDs; b.joined {
		b.before, b.after = pair[0]+around[0], around[1]+pair[1]
		b.between = strings.ReplaceAll(b.escape(b.Separator), "%2C", ",")
	} else {
		b.before, b.after, b.between, b.each = pair[0], pair[1], "&", around
	}
	var g exchange.Request
	if err := b.to.Fill(&g, &template.Vars{ID: "x"}); err != nil {
		return err
	}
	if !b.inPath {
		g.URL.RawQuery = b.before + b.after + "x"
	}
	b.length = len(g.URL.String()) - len("x")
	return nil
}

// escape escapes a text for the part of the URL that has the ids.
func (b *batch) escape(text string) string {
	if b.inPath {
		return url.PathEscape(text)
	}
	return url.QueryEscape(text)
}

// cutPair finds the parameter of a query that has a hole. It returns the text before and after the
// parameter, and the text before and after the hole within it.
func cutPair(query, hole string) (pair, around [2]string) {
	before, after, ok := strings.Cut(query, hole)
	if !ok {
		return [2]string{query, ""}, around
	}
	start := strings.LastIndexByte(before, '&') + 1
	end := strings.IndexByte(after+"&", '&')
	return [2]string{before[:start], after[end:]}, [2]string{before[start:], after[:end]}
}

// request prepares the request about jobs. If there can be no request, it returns the error and its
// class.
func (b *batch) request(k *call, ids []string, page string) (transport.Class, error) {
	joined := ""
	if b.inPath {
		joined = strings.Join(ids, b.Separator)
	}
	if err := k.ask(b.to, &template.Vars{Page: page, ID: joined}); err != nil {
		return transport.Permanent, err
	}
	k.wire.Request.Type = b.to.ContentType()
	switch {
	case b.Body != nil && b.lists:
		k.wire.Request.Body = []byte(b.body[0])
		return 0, nil
	case b.Body != nil:
		array, _ := json.Marshal(ids) // strings always can be
		k.wire.Request.Body = slices.Concat([]byte(b.body[0]), array, []byte(b.body[1]))
		return 0, nil
	case b.lists:
		return 0, nil
	case b.joined && !slices.Equal(strings.Split(strings.Join(ids, b.Separator), b.Separator), ids):
		return transport.Permanent, fmt.Errorf("ids that the separator %q can't tell apart", b.Separator)
	}
	var named strings.Builder
	for i, id := range ids {
		if i > 0 {
			named.WriteString(b.between)
		}
		named.WriteString(b.each[0] + b.escape(id) + b.each[1])
	}
	if u := &k.wire.Request.URL; b.inPath { // the Separator is not escaped
		u.RawPath = strings.Replace(u.EscapedPath(), url.PathEscape(joined), named.String(), 1)
	} else {
		u.RawQuery = b.before + named.String() + b.after
	}
	if n := len(k.wire.Request.URL.String()); n > maxURL {
		return transport.Oversized, fmt.Errorf("a URL of %d bytes, at most %d", n, maxURL)
	}
	return 0, nil
}
