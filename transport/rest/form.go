package rest

import (
	"net/url"

	"github.com/iamber12/job-status-monitoring/internal/template"
)

// placeholder stands for an id in what a dialect says of many.
const placeholder = "{id}"

// A form is a Call of a dialect: what is sent, and which answers are faults. It does not change.
type form struct {
	*template.Template
	faults *callFaults // of this call alone; nil for none
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
