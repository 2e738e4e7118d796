package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// maxAnswer bounds the answer that is explained.
const maxAnswer = 64 << 20

// explain prints how a dialect reads the answer in stdin. It returns the exit code.
func explain(args []string, stdin io.Reader, stdout io.Writer) (int, error) {
	fs := flag.NewFlagSet("explain", flag.ContinueOnError)
	id := fs.String("id", "", "the job's `ID`, for places that hold it and for answers that name their job")
	code := fs.Int("code", http.StatusOK, "the status `CODE` of the answer, if the input does not have it")
	stage := fs.Int("stage", 0, "the `NUMBER` of ids that the job had before, where it gets new ones")
	w := addWords(fs)
	args, err := parse(fs, args, stdout)
	if err != nil {
		return exitUsage, err
	}
	t, err := explained(args, w, isSet(fs))
	if err != nil {
		return exitUsage, err
	}
	d := t.service.Dialect
	for range *stage {
		if d.NextDialect == nil {
			return exitUsage, misused("--stage %d: the dialect has no such stage", *stage)
		}
		d = *d.NextDialect
	}
	input, err := io.ReadAll(io.LimitReader(stdin, maxAnswer))
	if err != nil {
		return exitGaveUp, err
	}
	a, err := answerOf(input, *code)
	if err != nil {
		return exitUsage, err
	}
	asked := cmp.Or(*id, t.id)
	if asked == "" {
		asked = "1"
		d.AnswerID = "-" // which is the job's is not known
	}
	e, err := d.Explain(asked, a)
	if err != nil {
		return exitUsage, usageError{err}
	}
	_, _ = fmt.Fprint(stdout, strings.ReplaceAll(e.String(), "http://service.invalid", cmp.Or(t.service.BaseURL, "http://service.invalid")))
	if *id == "" && t.id == "" && holdsID(e) {
		_, _ = fmt.Fprintln(stdout, "note: a place holds {id}, and is read with --id ID alone")
	}
	for _, name := range unreadErrors(a.Body, e) {
		_, _ = fmt.Fprintf(stdout, "note: the answer says something at %s, which no place reads: does it mean that the job failed?\n", name)
	}
	if !understood(a, e) {
		return exitNotUnderstood, nil
	}
	return exitCompleted, nil
}

// understood reports whether the dialect knows what the answer means.
func understood(a rest.Answer, e *rest.Explanation) bool {
	if e.Err != nil {
		noRule := e.Rule == "" && a.Code/100 == 2 // such as a page
		return !noRule && !errors.Is(e.Err, transport.ErrMalformed)
	}
	return e.Status.State != transport.Unknown || e.Next != ""
}

// unreadErrors returns members of an answer about a completed job that the dialect does not read,
// although their names mean an error and they have a value.
func unreadErrors(body []byte, e *rest.Explanation) (names []string) {
	var answer map[string]any
	if e.Status.State != transport.Completed || json.Unmarshal(body, &answer) != nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(answer)) {
		lower := strings.ToLower(name)
		isError := strings.Contains(lower, "error") || strings.Contains(lower, "fail") || strings.Contains(lower, "exception")
		isRead := slices.ContainsFunc(e.Places, func(p rest.Reading) bool {
			first, _, _ := strings.Cut(strings.TrimSpace(p.Place), ".")
			return first == name || strings.HasPrefix(first, name+"[")
		})
		if isError && !isRead && isSaid(answer[name]) {
			names = append(names, name)
		}
	}
	return names
}

// isSaid reports whether a JSON value is present, and not null, false, zero or empty.
func isSaid(value any) bool {
	switch v := value.(type) {
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	default:
		return v != nil && v != false && v != 0.0 && v != ""
	}
}

// explained returns the service that the arguments name, or the job at the URL that they name. The
// parameters of a service may be left out.
func explained(args []string, w *words, set map[string]bool) (target, error) {
	switch {
	case len(args) == 0:
		return target{}, misused("explain takes a service, or a URL and --state")
	case isURL(args[0]):
		return urlTarget(args[0], w)
	}
	e, err := lookUp(args[0])
	if err != nil {
		return target{}, err
	}
	if name := w.names(set); name != "" {
		return target{}, misused("--%s is for a URL: the service's dialect says it", name)
	}
	s, err := example(e)
	if len(args) > 1 {
		s, err = e.New(args[1:]...)
	}
	if err != nil {
		return target{}, usageError{err}
	}
	return target{service: s}, nil
}

// answerOf returns the answer in an input. The input is a body, with or without its status line and
// headers, as "curl -i" prints them.
func answerOf(input []byte, code int) (rest.Answer, error) {
	a := rest.Answer{Code: code, Header: http.Header{}, Body: input}
	for bytes.HasPrefix(a.Body, []byte("HTTP/")) { // more than once after a redirect
		r := textproto.NewReader(bufio.NewReaderSize(bytes.NewReader(a.Body), len(a.Body)))
		line, err := r.ReadLine()
		if err != nil {
			return a, misused("the answer's status line can't be read: %v", err)
		}
		fields := strings.Fields(line)
		if len(fields) < 2 {
			return a, misused("the answer has no status code: %.100q", line)
		}
		if a.Code, err = strconv.Atoi(fields[1]); err != nil {
			return a, misused("the answer has no status code: %.100q", line)
		}
		header, err := r.ReadMIMEHeader()
		if err != nil && !errors.Is(err, io.EOF) {
			return a, misused("the answer's headers can't be read: %v", err)
		}
		a.Header = http.Header(header)
		if a.Body, err = io.ReadAll(r.R); err != nil {
			return a, err
		}
	}
	return a, nil
}

// holdsID reports whether a place that was looked at holds the job's id.
func holdsID(e *rest.Explanation) bool {
	for _, r := range e.Places {
		if strings.Contains(r.Place, "{id}") {
			return true
		}
	}
	return false
}
