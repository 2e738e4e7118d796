package lro

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/jsonscan"
	"github.com/iamber12/job-status-monitoring/internal/web"
)

// errCut is the error of a result that is not whole. A server that sends no length cannot show
// otherwise that its answer was cut off.
var errCut = errors.New("the JSON is cut off")

// resultOf returns the body of an answer as a result, or nil if the body is too large.
func resultOf(a *exchange.Answer) []byte {
	if a.Large {
		return nil
	}
	return AsJSON(a.Body)
}

// CheckResult returns an error if the body of an answer cannot be a result: it is JSON without its
// end, or its type is JSON and other text follows. JSON values in lines are a result.
func CheckResult(a *exchange.Answer) error {
	if start := bytes.TrimSpace(a.Body); len(start) == 0 || start[0] != '{' && start[0] != '[' {
		return nil
	}
	media := web.MediaType(a.Header)
	isJSON := media == "application/json" || strings.HasSuffix(media, "+json")
	for d := json.NewDecoder(bytes.NewReader(a.Body)); ; {
		var value json.RawMessage
		switch err := d.Decode(&value); {
		case err == nil:
		case errors.Is(err, io.ErrUnexpectedEOF):
			return errCut
		case !isJSON || errors.Is(err, io.EOF) || jsonscan.Repaired(a.Body) != nil:
			return nil
		default:
			return err
		}
	}
}

// AsJSON returns a body that is JSON unchanged, and any other text as a JSON string. It returns nil
// for an empty body, and for a body that is not UTF-8.
func AsJSON(body []byte) []byte {
	if json.Valid(body) {
		return bytes.Clone(body)
	}
	if repaired := jsonscan.Repaired(body); repaired != nil {
		return repaired
	}
	if len(bytes.TrimSpace(body)) == 0 || !utf8.Valid(body) {
		return nil
	}
	text, _ := json.Marshal(string(body)) // a string always can be
	return text
}
