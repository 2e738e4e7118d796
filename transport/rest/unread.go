package rest

import (
	"bytes"
	"net/http"
	"slices"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/place"
	"github.com/iamber12/job-status-monitoring/internal/web"
)

// readsBody reports whether the body of the answer to a call is needed. It is not needed if no
// place is in the body and there is no Classify.
func readsBody(r *reader, t *form) bool {
	return !r.unread || r.dialect.Classify != nil || t.faults != nil && slices.ContainsFunc(t.faults.places, place.Place.IsInBody)
}

// isFile reports whether an answer can be read although its body is too large. That is so if
// nothing reads the body, or if the state is elsewhere and the body is neither JSON nor XML.
func isFile(a *answer) bool {
	r := a.reader
	if !readsBody(r, a.template) {
		return true
	}
	places := r.places[:r.at[inFault+1]]
	if f := a.template.faults; f != nil {
		places = slices.Concat(places, f.places)
	}
	body := bytes.TrimSpace(a.Answer.Body)
	isRead := len(body) == 0 || strings.IndexByte("{[<)", body[0]) >= 0 // JSON, XML or JSON behind a guard
	return !isRead && !a.isOther && !r.inBody && !slices.ContainsFunc(places, func(p place.Place) bool { return p.Source == place.Text })
}

// isFileType reports whether the Content-Type is the type of a file. It is not one of the types of
// pages, or a type that services also send with pages by mistake.
func isFileType(h http.Header) bool {
	typ := web.MediaType(h)
	return typ != "" && !strings.HasPrefix(typ, "text/plain") && !strings.Contains(typ, "html") && !strings.Contains(typ, "json")
}

// isPage reports whether the answer is a page for a person, and is not read as JSON.
func isPage(a *answer) bool { return !a.isOther && a.Answer.IsPage() }
