package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/iamber12/job-status-monitoring/transport/rest/dialects"
)

// list prints the services whose name or description holds each of the words.
func list(out io.Writer, words []string) error {
	for _, word := range words {
		if strings.HasPrefix(word, "-") {
			return misused("list takes words to look for, and no flag: %.100q", word)
		}
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	found := false
	for _, e := range dialects.All() {
		s, err := example(e)
		if err != nil {
			return err
		}
		if !holdsAll(e.Name+" "+s.Name, words) {
			continue
		}
		found = true
		address := s.BaseURL
		if address == "" {
			address = "--base-url URL"
		}
		call := strings.Join(append([]string{e.Name}, e.Params...), " ") + " ID"
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", call, s.Name, address, s.Doc)
	}
	if !found {
		return misused("no service is called %.100q: \"jobwait list\" lists all", strings.Join(words, " "))
	}
	return w.Flush()
}

func holdsAll(text string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(strings.ToLower(text), strings.ToLower(word)) {
			return false
		}
	}
	return true
}

// example returns a service with its parameters' names in place of values.
func example(e dialects.Entry) (dialects.Service, error) {
	var args, numbers []string
	for _, p := range e.Params {
		args, numbers = append(args, strings.Trim(p, "[]")), append(numbers, "1")
	}
	s, err := e.New(args...)
	if err != nil { // a parameter that is a number
		s, err = e.New(numbers...)
	}
	return s, err
}
