package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/iamber12/job-status-monitoring"
)

// parse reads flags, which may be anywhere before "--", and returns the other arguments. If the
// arguments ask for help, it writes the help to out.
func parse(fs *flag.FlagSet, args []string, out io.Writer) (others []string, err error) {
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	var behind []string
	if i := slices.Index(args, "--"); i >= 0 {
		args, behind = args[:i], args[i+1:]
	}
	for len(args) > 0 {
		switch err := fs.Parse(args); {
		case err == flag.ErrHelp: //nolint:errorlint // it is never wrapped
			_, _ = fmt.Fprint(out, usage, "\nflags:\n")
			fs.SetOutput(out)
			fs.PrintDefaults()
			return nil, err
		case err != nil:
			return nil, usageError{err}
		}
		if args = fs.Args(); len(args) > 0 {
			others, args = append(others, args[0]), args[1:]
		}
	}
	return append(others, behind...), nil
}

// texts is a flag that may be given more than once.
type texts []string

func (t *texts) String() string { return strings.Join(*t, " ") }

func (t *texts) Set(s string) error {
	if s == "" {
		return fmt.Errorf("it is empty")
	}
	*t = append(*t, s)
	return nil
}

// limit is a flag that is a duration, or "none".
type limit time.Duration

func (l *limit) String() string {
	if *l == limit(jobstatus.Unlimited) {
		return "none"
	}
	return time.Duration(*l).String()
}

func (l *limit) Set(s string) error {
	if s == "none" {
		*l = limit(jobstatus.Unlimited)
		return nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return fmt.Errorf(`want a duration above zero, such as 90s or 2h, or "none"`)
	}
	*l = limit(d)
	return nil
}

// isSet reports which of the flags were given.
func isSet(fs *flag.FlagSet) map[string]bool {
	set := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { set[f.Name] = true })
	return set
}
