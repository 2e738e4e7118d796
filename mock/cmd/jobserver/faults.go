package main

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/mock/fault"
	"github.com/iamber12/job-status-monitoring/mock/push"
)

// A fault is written as when it happens, a colon, and its effects, with semicolons between:
//
//	share 0.1: code 503; retry-after 30
//
// whens and effects are the words for each and what stands behind them.
var (
	whens = map[string]word[fault.When]{
		"always":  {"", func(args) fault.When { return fault.Always() }},
		"nth":     {"N…", func(a args) fault.When { return fault.Nth(a.ints()...) }},
		"first":   {"N", func(a args) fault.When { return fault.First(a.int(0)) }},
		"share":   {"SHARE", func(a args) fault.When { return fault.Share(a.float(0)) }},
		"between": {"FROM TO", func(a args) fault.When { return fault.Between(a.duration(0), a.duration(1)) }},
		"young":   {"AGE", func(a args) fault.When { return fault.Young(a.duration(0)) }},
		"without": {"HEADER VALUE…", func(a args) fault.When { return fault.Without(a.text(0), a.rest(1)) }},
		"create":  {"SHARE", func(a args) fault.When { return fault.Share(a.float(0)).OfCreate() }},
		"cancel":  {"SHARE", func(a args) fault.When { return fault.Share(a.float(0)).OfCancel() }},
		"push":    {"SHARE", func(a args) fault.When { return fault.Share(a.float(0)).OfPush() }},
	}
	effects = map[string]word[fault.Effect]{
		"code":        {"CODE BODY…", func(a args) fault.Effect { return fault.Code(a.int(0), a.rest(1)) }},
		"retry-after": {"VALUE…", func(a args) fault.Effect { return fault.RetryAfter(a.rest(0)) }},
		"retry-at":    {"DURATION", func(a args) fault.Effect { return fault.RetryAt(a.duration(0)) }},
		"date-off":    {"DURATION", func(a args) fault.Effect { return fault.DateOff(a.duration(0)) }},
		"header":      {"NAME VALUE…", func(a args) fault.Effect { return fault.Header(a.text(0), a.rest(1)) }},
		"redirect":    {"URL", func(a args) fault.Effect { return fault.Redirect(a.text(0)) }},
		"body":        {"TEXT…", func(a args) fault.Effect { return fault.Body(a.rest(0)) }},
		"latency":     {"DURATION", func(a args) fault.Effect { return fault.Latency(a.duration(0)) }},
		"drip":        {"DURATION", func(a args) fault.Effect { return fault.Drip(a.duration(0)) }},
		"lags":        {"DURATION", func(a args) fault.Effect { return fault.Lags(a.duration(0)) }},
		"huge":        {"BYTES", func(a args) fault.Effect { return fault.Huge(a.int(0)) }},
		"gzip-bomb":   {"BYTES", func(a args) fault.Effect { return fault.GzipBomb(a.int(0)) }},
		"truncated":   {"", func(args) fault.Effect { return fault.Truncated() }},
		"reset":       {"", func(args) fault.Effect { return fault.Reset() }},
		"silence":     {"", func(args) fault.Effect { return fault.Silence() }},
		"goes-back":   {"", func(args) fault.Effect { return fault.GoesBack() }},
		"lost":        {"", func(args) fault.Effect { return fault.Lost() }},
		"doubled":     {"", func(args) fault.Effect { return fault.Doubled() }},
		"forged":      {"", func(args) fault.Effect { return fault.Forged() }},
	}
)

// word is what stands behind a word, and what that makes.
type word[T any] struct {
	takes string
	make  func(args) T
}

// args are the arguments of a word. The first that can't be read is kept.
type args struct {
	words   []string
	problem *error
}

func (a args) text(i int) string {
	if i >= len(a.words) {
		return ""
	}
	return a.words[i]
}

func (a args) rest(i int) string { return strings.Join(a.words[min(i, len(a.words)):], " ") }

func read[T any](a args, i int, parse func(string) (T, error)) T {
	v, err := parse(a.text(i))
	if err != nil && *a.problem == nil {
		*a.problem = err
	}
	return v
}

func (a args) int(i int) int                { return read(a, i, strconv.Atoi) }
func (a args) duration(i int) time.Duration { return read(a, i, time.ParseDuration) }

func (a args) float(i int) float64 {
	return read(a, i, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) })
}

func (a args) ints() (all []int) {
	for i := range a.words {
		all = append(all, a.int(i))
	}
	return all
}

// phrase makes of a word and its arguments what they stand for.
func phrase[T any](known map[string]word[T], what, text string) (made T, err error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return made, fmt.Errorf("%s is missing: one of %s", what, names(known))
	}
	w, ok := known[words[0]]
	if !ok {
		return made, fmt.Errorf("%q is no %s: one of %s", words[0], what, names(known))
	}
	takes := strings.Fields(w.takes)
	many := strings.HasSuffix(w.takes, "…")
	a := args{words[1:], &err}
	if len(a.words) > len(takes) && !many || len(a.words) < len(takes) && !many {
		return made, fmt.Errorf("%q takes %d words: %s", words[0], len(takes), strings.TrimSpace(words[0]+" "+w.takes))
	}
	made = w.make(a)
	if err != nil {
		err = fmt.Errorf("%q: want %s %s", strings.TrimSpace(text), words[0], w.takes)
	}
	return made, err
}

func names[T any](known map[string]word[T]) string {
	var all []string
	for name := range known {
		all = append(all, name)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// parseFault reads a fault. That its values can be is checked when the service is made.
func parseFault(text string) (mock.Option, error) {
	when, list, ok := strings.Cut(text, ":")
	if !ok {
		return nil, fmt.Errorf("%q: want WHEN: EFFECT; EFFECT, such as share 0.1: code 503; retry-after 30", text)
	}
	w, err := phrase(whens, "time for a fault", when)
	if err != nil {
		return nil, err
	}
	var all []fault.Effect
	for _, text := range strings.Split(list, ";") {
		e, err := phrase(effects, "effect", text)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	option := mock.Fault(w, all...)
	if _, err := mock.NewService(option, mock.Push(push.Stream("/"))); err != nil { // settle checks whether there is a push
		_, problem, _ := strings.Cut(err.Error(), "fault: ")
		return nil, fmt.Errorf("%q: %s", text, strings.ReplaceAll(problem, "\n", "; "))
	}
	return option, nil
}

// readFaults reads faults, one a line. Empty lines and those that begin with # are none.
func readFaults(r io.Reader, name string) (all []mock.Option, err error) {
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		option, err := parseFault(text)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		all = append(all, option)
	}
	return all, lines.Err()
}
