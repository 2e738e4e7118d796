package rest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/iamber12/job-status-monitoring/internal/jsonscan"
	"github.com/iamber12/job-status-monitoring/internal/place"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

// A batchAnswer is an answer about many jobs.
type batchAnswer struct{ *answer }

// read returns the answers about the jobs that were asked about.
func (a batchAnswer) read(ids []string) ([]transport.Answer, error) {
	switch {
	case a.Answer.Code/100 != 2:
		if err := a.refusal(); err != nil {
			return nil, err
		}
		return nil, a.Fail(web.ClassOfBatchCode(a.Answer.Code, a.Answer.IsPaced()), a.Quote())
	case a.Answer.Large:
		return nil, a.Fail(transport.Oversized, a.TooLarge())
	}
	items, err := a.batch.items(a.body, a.isOther)
	switch {
	case err != nil && a.Answer.IsAccepted() && isNotJSON(err):
		return nil, nil
	case err != nil:
		return nil, cmp.Or(a.refusal(), a.Unread(err))
	}
	told := make([]transport.Answer, len(ids))
	for i, item := range a.batch.match(ids, items) {
		answer := a.item(ids[i], item)
		switch {
		case told[i].Status.ID == "":
			told[i] = answer
		case !alike(&told[i], &answer):
			told[i] = refusal(ids[i], a.Fail(transport.Malformed, errTwice))
		}
	}
	return slices.DeleteFunc(told, func(a transport.Answer) bool { return a.Status.ID == "" }), nil
}

// refusal returns the error of an answer without items that the dialect's Faults call an error, or
// nil. NotFound becomes Permanent, because the answer does not say which job was not found.
func (a batchAnswer) refusal() error {
	o, ok := a.fault("") // and a wait in the body
	if !ok {
		return nil
	}
	if o.Means == transport.NotFound {
		o.Means = transport.Permanent
	}
	return a.faulty(o)
}

// items returns the part of an answer that has the items. An answer that is not JSON, such as XML,
// may have them in an object.
func (b *batch) items(body []byte, isOther bool) ([]byte, error) {
	var found place.Found
	if err := b.list.Find(&place.Answer{Body: body}, &found); err != nil {
		return nil, err
	}
	kind, none := "array", "[]"
	if b.id == nil {
		kind, none = "object", "{}"
	}
	items := found.Values[0]
	if items == nil && isNull(body, b.at.Steps) || isOther && string(items) == `""` {
		return []byte(none), nil
	}
	if items == nil || items[0] != none[0] && !(isOther && items[0] == '{') {
		return nil, fmt.Errorf("no %s at %s (Batch.List)", kind, b.List)
	}
	return items, nil
}

// isNull reports whether the value at the path keys, or at the beginning of that path, is null.
// Some encoders write an empty list as null.
func isNull(body []byte, keys []jsonscan.Step) bool {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return false
	}
	for i := range keys {
		o, _ := v.(map[string]any)
		next, ok := o[keys[i].Key.Before]
		if !ok || next == nil {
			return ok
		}
		v = next
	}
	return false
}

// job returns the id of the job that an item is about, or "" if there is none.
func (b *batch) job(key, item []byte, found *place.Found) string {
	if b.id == nil {
		if item[0] == 'n' { // null
			return ""
		}
		return jsonscan.Text(key)
	}
	if b.id.Find(&place.Answer{Body: item}, found) != nil {
		return ""
	}
	v := place.Value(found.Values[0])
	if text := v.Text(); v.Kind() == place.Word || v.Kind() == place.Number && text != "true" && text != "false" {
		return text
	}
	return ""
}

// item returns the answer that an item has about its job.
func (a batchAnswer) item(id string, item []byte) transport.Answer {
	s, err := a.judge(id, item)
	if classify := a.reader.dialect.Classify; classify != nil {
		s, err = classify(Answer{a.Answer.Code, a.Answer.Header, item}, s, err)
	}
	if err != nil {
		return refusal(id, err)
	}
	s.ID = id
	return transport.Answer{Status: s}
}

// judge returns the status in an item before Classify is called.
func (a batchAnswer) judge(id string, item []byte) (transport.Status, error) {
	part := a.places(id)
	part.Body, part.Text = item, nil
	if b := a.batch; b.notFound != nil {
		var found place.Found
		if err := b.notFound.Find(&part, &found); err != nil {
			return transport.Status{}, a.Fail(transport.Malformed, fmt.Errorf("%w: %s", err, a.Excerpt(item)))
		}
		if v := place.Value(found.Values[0]); !v.IsEmpty() && string(v) != "false" {
			return transport.Status{}, a.Fail(transport.NotFound, errors.New(a.Excerpt(item)))
		}
	}
	var s transport.Status
	r := a.batch.reader
	r.find(&part, &a.reading)
	wait := cmp.Or(a.Answer.Wait, r.readWait(&a.reading))
	if err := r.readStatus(&s, &a.reading); err != nil {
		err = a.Fail(transport.Malformed, fmt.Errorf("%w: %s", safe(err, a.Excerpt), a.Excerpt(item)))
		if e := (*transport.Error)(nil); errors.As(err, &e) {
			e.RetryAfter = wait
		}
		return transport.Status{}, err
	}
	if a.reading.next != "" {
		a.next[id] = a.reading.next
	}
	s.ID, s.RetryAfter = id, wait
	return s, nil
}
