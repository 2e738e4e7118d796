package rest

import (
	"net/url"

	"github.com/iamber12/job-status-monitoring/internal/template"
)

// placeholder stands for an id in a Batch and in an IDPattern.
const placeholder = "{id}"

// A form is a compiled Call of a dialect: the request, and the rules for faults. It does not
// change.
type form struct {
	*template.Template
	faults *callFaults // the faults of this call, or nil
}

func newForm(base *url.URL, allow []*url.URL, c Call, shared map[string]string, wantsID bool, holes ...string) (f *form, err error) {
	f = &form{}
	spec := template.Spec{Method: c.Method, Path: c.Path, Header: c.Header, Body: c.Body}
	if f.Template, err = template.New(base, allow, spec, shared, wantsID, holes...); err != nil {
		return nil, err
	}
	f.faults, err = newCallFaults(c)
	return f, err
}
