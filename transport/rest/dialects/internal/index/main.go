// Index writes docs/dialects.md, the list of the services of package dialects, to standard output.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/rest/dialects"
)

func main() {
	if err := write(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "index:", err)
		os.Exit(1)
	}
}

const head = `# Dialects

The services that package [dialects](../transport/rest/dialects) speaks to. This file is generated: ` + "`go generate ./transport/rest/dialects`" + `.
For any other service, [write a dialect](transports.md#http-and-json) in four steps.

- Name: as on a command line, with the parameters of the service; those in brackets may be left out.
- Asks: the call about one job, with the parameters in capitals. "and a list" means that one call asks about many,
  and "held" that the service can keep a call until the job changes.
- Create: "found" means that the answer names no job, and the job is looked up. "key" means that the service knows an idempotency key, so
  that a create is sent again when its answer is lost.
- States: those beside running, completed and failed that are told.
- Result: "in the answer", or fetched by a further call.
- Hints: what the service says about when to ask again. All dialects honor Retry-After and an ETag.
- Written from: what the words and paths were taken from. "memory" wants a look before it is relied on.
- Read: when that was read; empty if nobody noted it.

| Name | Service | Asks | Create | States | Cancel | Result | Push | Hints | Written from | Read |
|---|---|---|---|---|---|---|---|---|---|---|
`

// write writes the index.
func write(w io.Writer) error {
	var b strings.Builder
	b.WriteString(head)
	for _, e := range dialects.All() {
		s, err := e.New(placeholders(e)...)
		if err != nil {
			return err
		}
		from := e.Checked
		if from == "" {
			from = "memory"
		}
		cells := []string{
			"`" + strings.Join(append([]string{e.Name}, e.Params...), " ") + "`", "[" + s.Name + "](" + s.Doc + ")", asks(&s.Dialect), create(&s.Dialect),
			states(s.Dialect), yes(s.Dialect.Cancel.Path != "-"), result(&s.Dialect), e.Push, e.Hints, from, e.Read,
		}
		for _, cell := range cells {
			b.WriteString(strings.TrimRight("| "+cell, " ") + " ")
		}
		b.WriteString("|\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// placeholders returns the names of the parameters, in capitals, as arguments.
func placeholders(e dialects.Entry) []string {
	args := make([]string, len(e.Params))
	for i, param := range e.Params {
		switch {
		case param == "instance":
			args[i] = "1"
		case param == "path":
			args[i] = "/PATH"
		case param[0] != '[':
			args[i] = strings.ToUpper(param)
		}
	}
	return args
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// asks returns the call about a job.
func asks(d *rest.Dialect) string {
	w := d.WithDefaults()
	path, _, _ := strings.Cut(w.Status.Path, "?")
	text := w.Status.Method + " " + path
	if target := w.Status.Header["X-Amz-Target"]; target != "" {
		text += " " + target
	}
	text = "`" + text + "`"
	if d.Then != nil {
		text += ", then `" + d.Then.WithDefaults().Status.Path + "`"
	}
	if d.Batch.Path != "" {
		text += " and a list"
	}
	if holds(&w.Status) {
		text += ", held"
	}
	return text
}

// holds reports whether a call says for how long it may be held.
func holds(c *rest.Call) bool {
	const hole = "{hold}"
	for _, value := range c.Header {
		if strings.Contains(value, hole) {
			return true
		}
	}
	return strings.Contains(c.Path, hole)
}

func create(d *rest.Dialect) string {
	switch {
	case d.Create.Path == "-":
		return "no"
	case d.Find.Path != "":
		return "found"
	case d.IdempotencyHeader != "-" || strings.Contains(d.Create.Path, "{key}"):
		return "key"
	default:
		return "yes"
	}
}

// states returns the states that are told beside those that all dialects tell.
func states(d rest.Dialect) string {
	told := map[transport.State]bool{}
	for next := &d; next != nil; next = next.Then {
		for _, state := range next.States {
			told[state] = true
		}
	}
	var words []string
	for _, state := range []transport.State{transport.Pending, transport.Blocked, transport.Canceled} {
		if told[state] {
			words = append(words, state.String())
		}
	}
	for _, state := range []transport.State{transport.Running, transport.Completed, transport.Failed} {
		if !told[state] {
			words = append(words, "not "+state.String())
		}
	}
	return strings.Join(words, ", ")
}

func result(d *rest.Dialect) string {
	last := d
	for last.Then != nil {
		last = last.Then
	}
	switch {
	case last.Fetch.Path != "":
		return "fetched"
	case last.Result != "":
		return "in the answer"
	default:
		return "no"
	}
}
