package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/internal/xmltree"
)

// guard is at the beginning of the JSON of some services, so that a browser does not run it.
var guard = []byte(")]}'")

// asJSON converts an answer or an event to JSON if it is XML, a form, JSON in lines, or JSON after
// a guard, and reports whether it was. The comment of [Dialect] says how each is converted. The
// error says why it does not parse.
func asJSON(h http.Header, body []byte) (text []byte, ok bool, err error) {
	switch {
	case len(body) == 0:
		return body, false, nil
	case isLines(h):
		text, err = fromLines(body)
		return text, true, err
	case body[0] == '{':
		return body, false, nil
	}
	if rest, guarded := bytes.CutPrefix(body, guard); guarded {
		return bytes.TrimPrefix(rest, []byte(",")), true, nil // some services add a comma
	}
	switch media := web.MediaType(h); {
	case isXML(media, body):
		if text, err = xmltree.JSON(body); err != nil {
			err = fmt.Errorf("the XML does not parse: %w", err)
		}
	case isForm(media, body):
		text, err = fromForm(string(body))
	default:
		return body, false, nil
	}
	return text, true, err
}

// isLines reports whether the media type of a body is one of JSON in lines. That form has several
// media types, and none of them is registered.
func isLines(h http.Header) bool {
	media := h["Content-Type"]
	if len(media) == 0 || len(media[0]) <= len("application/json") {
		return false
	}
	return strings.Contains(media[0], "ndjson") || strings.Contains(media[0], "jsonl") || strings.Contains(media[0], "json-lines")
}

// fromLines returns the values in the lines of a body as an array.
func fromLines(body []byte) ([]byte, error) {
	var values [][]byte
	for line := range bytes.Lines(body) {
		switch line = bytes.TrimSpace(line); {
		case len(line) == 0:
		case json.Valid(line):
			values = append(values, line)
		default:
			return nil, errors.New("a line is no JSON")
		}
	}
	return slices.Concat([]byte("["), bytes.Join(values, []byte(",")), []byte("]")), nil
}

// isXML reports whether a body is XML, by its media type or else by its beginning. A page of HTML
// begins differently.
func isXML(media string, body []byte) bool {
	switch {
	case strings.Contains(media, "html") || strings.Contains(media, "svg"):
		return false
	case strings.Contains(media, "xml"):
		return true
	case bytes.HasPrefix(body, []byte("<?xml")):
		return true
	default:
		page := strings.ToLower(string(body[:min(len(body), len("<html"))]))
		return media == "" && page[0] == '<' && page != "<html" && !strings.HasPrefix(page, "<!")
	}
}

// isMarkup reports whether a body that is not JSON is XML, and not a form or JSON after a guard.
func isMarkup(body []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) }

// isForm reports whether a body is a form. Many services call a form plain text.
func isForm(media string, body []byte) bool {
	if media == "application/x-www-form-urlencoded" {
		return true
	}
	name, _, ok := bytes.Cut(body, []byte("="))
	isText := media == "" || media == "text/plain"
	return isText && ok && len(bytes.Fields(body)) == 1 && !bytes.ContainsFunc(name, func(r rune) bool { return !isNameRune(r) })
}

func isNameRune(r rune) bool {
	return r == '_' || r == '-' || r == '.' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// fromForm returns the fields of a form as a JSON object. A name that occurs more than once becomes
// a list.
func fromForm(body string) ([]byte, error) {
	form, err := url.ParseQuery(strings.TrimSpace(body))
	if err != nil {
		return nil, errors.New("the form does not parse")
	}
	object := make(map[string]any, len(form))
	for name, values := range form {
		if object[name] = values; len(values) == 1 {
			object[name] = values[0]
		}
	}
	return json.Marshal(object)
}
