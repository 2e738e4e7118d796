package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// options are the flags of a wait.
type options struct {
	baseURL, tokenEnv, tokenCommand, tokenHeader string
	kind, cache, show                            string
	timeout                                      limit
	maxDelay                                     time.Duration
	basic, stopWhenBlocked, noCache, verbose     bool
	words                                        *words
}

// addOptions adds the flags of a wait to fs.
func addOptions(fs *flag.FlagSet) *options {
	o := &options{timeout: limit(24 * time.Hour)}
	fs.StringVar(&o.baseURL, "base-url", "", "of a service: the `URL` of your installation or of a proxy")
	fs.StringVar(&o.tokenEnv, "token-env", "", "take the token from the environment variable `NAME`")
	fs.StringVar(&o.tokenCommand, "token-command", "", "take the token from the output of a `COMMAND` of the shell")
	fs.StringVar(&o.tokenHeader, "token-header", "", "of a URL: send the token alone in the header `NAME`, or after a word as in \"Authorization: Key\" (default a bearer token)")
	fs.BoolVar(&o.basic, "basic", false, "the token is USER:PASSWORD, for basic authentication")
	fs.Var(&o.timeout, "timeout", "give up after a `DURATION`; none is never")
	fs.DurationVar(&o.maxDelay, "max-delay", time.Minute, "poll at least once in each `DURATION`")
	fs.BoolVar(&o.stopWhenBlocked, "stop-when-blocked", false, "give up once the job waits for a person")
	fs.StringVar(&o.kind, "kind", "", "the `NAME` of jobs that take about as long (default the service and its parameters)")
	fs.StringVar(&o.cache, "cache", "", "the `FOLDER` of the durations that were learned (default jobwait in the user's cache)")
	fs.BoolVar(&o.noCache, "no-cache", false, "neither use nor keep durations")
	fs.StringVar(&o.show, "show", showAuto, "print `WHAT`: updates, a line of progress, none, or auto, a line in a terminal and updates elsewhere")
	fs.BoolVar(&o.verbose, "verbose", false, "log each request to the standard error")
	o.words = addWords(fs)
	return o
}

// wait waits for the job that the arguments name.
func wait(ctx context.Context, args []string, stdout, stderr io.Writer) (int, error) {
	fs := flag.NewFlagSet("jobwait", flag.ContinueOnError)
	o := addOptions(fs)
	args, err := parse(fs, args, stdout)
	if err != nil {
		return exitUsage, err
	}
	t, err := o.target(args, isSet(fs))
	if err != nil {
		return exitUsage, err
	}
	s, err := newShow(stdout, o.show)
	if err != nil {
		return exitUsage, err
	}
	if o.kind != "" {
		t.kind = o.kind
	}
	learner := adaptive.New()
	var m *memory
	if !o.noCache {
		m, err = newMemory(o.cache, t.kind)
		if err == nil {
			err = m.load(learner)
		}
		if err != nil { // a wait is worth more than what was learned
			_, _ = fmt.Fprintf(stderr, "jobwait: no durations are known: %v\n", err)
			learner = adaptive.New()
		}
	}
	w, err := o.watcher(ctx, t, learner, stderr)
	if err != nil {
		return exitGaveUp, err
	}
	err = follow(ctx, w, t, s, o.stopWhenBlocked)
	w.Close()
	if m != nil {
		if err := m.save(learner); err != nil {
			_, _ = fmt.Fprintf(stderr, "jobwait: the durations were not kept: %v\n", err)
		}
	}
	return exitCode(err), err
}

// target returns the job that the arguments name.
func (o *options) target(args []string, set map[string]bool) (target, error) {
	switch {
	case len(args) == 0:
		return target{}, misused("nothing to wait for")
	case !isURL(args[0]):
		t, err := serviceTarget(args, o.baseURL)
		name := o.words.names(set)
		if name == "" && o.tokenHeader != "" {
			name = "token-header"
		}
		if err == nil && name != "" {
			return target{}, misused("--%s is for a URL: the service's dialect says it", name)
		}
		return t, err
	case len(args) > 1:
		return target{}, misused("one URL is waited for, and %.100q is one argument more", args[1])
	case o.baseURL != "":
		return target{}, misused("--base-url is for a service, and %.100q is a URL", args[0])
	}
	t, err := urlTarget(args[0], o.words)
	t.service.TokenHeader = o.tokenHeader
	return t, err
}

// watcher returns the Watcher of the job.
func (o *options) watcher(ctx context.Context, t target, l *adaptive.Learner, stderr io.Writer) (*jobstatus.Watcher, error) {
	source, err := newTokenSource(o.tokenEnv, o.tokenCommand, stderr)
	if err != nil {
		return nil, err
	}
	asked := t.service.Options()
	switch {
	case o.basic && source == nil:
		return nil, misused("--basic needs --token-env or --token-command")
	case o.basic:
		token, err := source(ctx)
		if err != nil {
			return nil, err
		}
		if t.service.BaseURL, err = withUser(t.service.BaseURL, token); err != nil {
			return nil, err
		}
		asked[len(asked)-1] = rest.WithTokenHeader("")
	case source != nil:
		asked = append(asked, rest.WithToken(source))
	}
	w, err := jobstatus.NewHTTP(t.service.BaseURL, jobstatus.WithREST(asked...), jobstatus.WithBackoff(eager{l}),
		jobstatus.WithTimeout(time.Duration(o.timeout)), jobstatus.WithMaxDelay(o.maxDelay), jobstatus.WithLogger(o.logger(stderr)))
	if err != nil {
		return nil, usageError{err}
	}
	return w, nil
}

// logger returns a logger that writes warnings, or everything.
func (o *options) logger(out io.Writer) *zap.Logger {
	level := zapcore.WarnLevel
	if o.verbose {
		level = zapcore.DebugLevel
	}
	encoder := zapcore.NewConsoleEncoder(zapcore.EncoderConfig{MessageKey: "m", NameKey: "n", TimeKey: "t",
		EncodeTime: zapcore.TimeEncoderOfLayout(time.TimeOnly), EncodeDuration: zapcore.StringDurationEncoder})
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(out)), level))
}

// follow waits for the job, and shows its updates meanwhile.
func follow(ctx context.Context, w *jobstatus.Watcher, t target, s *show, stopWhenBlocked bool) (err error) {
	opts := []jobstatus.WatchOption{jobstatus.Kind(t.kind)}
	if stopWhenBlocked {
		opts = append(opts, jobstatus.StopWhenBlocked())
	}
	updates := make(chan jobstatus.Status)
	done := make(chan struct{})
	go func() { // ends with the wait
		defer close(done)
		_, err = w.WaitForJobWithUpdates(ctx, t.id, updates, opts...)
	}()
	ticks, stop := s.ticks()
	defer stop()
	for updates != nil {
		select {
		case st, more := <-updates:
			if !more {
				updates = nil
				continue
			}
			s.update(st)
		case now := <-ticks:
			s.draw(now)
		}
	}
	<-done
	s.end()
	return err
}

// exitCode returns the exit code of a wait.
func exitCode(err error) int {
	switch {
	case err == nil:
		return exitCompleted
	case errors.Is(err, jobstatus.ErrJobFailed):
		return exitFailed
	case errors.Is(err, jobstatus.ErrJobCanceled):
		return exitCanceled
	default:
		return exitGaveUp
	}
}
