// Command jobwait waits for a job of a service. Its exit code says how the job ended.
//
//	go install github.com/iamber12/job-status-monitoring/examples/jobwait@latest
//
//	jobwait github-run golang/go 123 --token-command "gh auth token"
//	jobwait https://ci.example.com/jobs/7 --state status --done ok --failed broken
//	jobwait list
//	jobwait explain github-run < answer.json
//
// It prints each update of the job, or a line of progress in a terminal. The exit code is 0 if the
// job completed, 1 if it failed, and 2 if it was canceled. It is 3 if jobwait gave up, and 4 if its
// arguments are wrong. Explain returns 5 if the answer is malformed or its word for the state is
// unknown, and otherwise 0.
//
// Jobwait stores in the user's cache folder how long the jobs of a kind take. The next wait for
// such a job then takes fewer requests. A token is read from the environment or from a command. It
// is never an argument, because other users of the machine can read arguments.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// The exit codes.
const (
	exitCompleted = iota
	exitFailed
	exitCanceled
	exitGaveUp
	exitUsage
	exitNotUnderstood // the answer, by explain
)

const usage = `usage:
  jobwait SERVICE [PARAMETER...] ID [flags]      wait for a job of a service that jobwait knows
  jobwait URL [flags]                            wait for the job whose status is at a URL
  jobwait list [WORD...]                         list the services
  jobwait explain SERVICE [flags] < answer       tell what is read in an answer, place by place
  jobwait explain URL [flags] < answer           the same for a URL, by the flags "of a URL"

exit codes:
  0 completed   1 failed   2 canceled   3 gave up   4 called wrongly
  5 explain: the answer is malformed, or its word for the state is unknown
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// usageError is the error of a command with wrong arguments.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func misused(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// run runs the command, and returns its exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	code, err := dispatch(ctx, args, stdin, stdout, stderr)
	var wrong usageError
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitCompleted
	case errors.As(err, &wrong):
		_, _ = fmt.Fprintf(stderr, "jobwait: %v\njobwait -h tells how it is called\n", err)
		return exitUsage
	case err != nil:
		_, _ = fmt.Fprintf(stderr, "jobwait: %s\n", strings.TrimPrefix(byFlags(args).Replace(err.Error()), "jobstatus: "))
	}
	return code
}

// byFlags returns a Replacer for the text of an error. It replaces the names of the library's
// options by the flags that set them.
func byFlags(args []string) *strings.Replacer {
	names := []string{"WithTimeout raises it; Timeout does so for one wait", "--timeout raises it", "; WithPatience allows more", ""}
	if slices.ContainsFunc(args, isURL) {
		names = append(names, "(Dialect.State)", "(--state)", "is no word that the Transport knows "+
			"(with transport/rest: it is in none of Dialect.States)", "is no word for a state (--done, --failed and others name words)")
	}
	return strings.NewReplacer(names...)
}

func dispatch(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	command := ""
	if len(args) > 0 {
		command = args[0]
	}
	switch command {
	case "list":
		err := list(stdout, args[1:])
		return exitCode(err), err
	case "explain":
		return explain(args[1:], stdin, stdout)
	default:
		return wait(ctx, args, stdout, stderr)
	}
}
