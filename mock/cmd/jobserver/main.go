// Command jobserver runs a service of jobs to try things on. It speaks the default dialect of transport/rest:
//
//	jobserver serve
//
//	curl -X POST http://127.0.0.1:8080/
//	curl http://127.0.0.1:8080/status/ID
//
// A browser at http://127.0.0.1:8080/ sees the jobs live: how far each is, when somebody asked about it, and how late its end was
// heard of. GET /debug/jobs answers the same as JSON: the seconds since the service began at which each job was created, ended, was
// asked about, and at which somebody was first told of its end, for the newest 100.
//
// How jobs fare is set by flags; each can be one of kind of its own by its input, {"kind": "transcode"}:
//
//	--duration lognormal:10s,0.5       how long a job takes: a duration, or a distribution as mock.ParseDistribution reads it
//	--kind transcode=lognormal:1m,0.3  the same for jobs of a kind; may be repeated
//	--pending 0.3                      share of that time before it runs
//	--fail 0.1                         share of the jobs that fail
//	--seed 7                           the same seed gives the same jobs; 0 picks one
//	--speed 10                         the service's clock runs ten times as fast
//	--fault "share 0.1: code 503; retry-after 2"   what goes wrong with calls for a status; may be repeated
//	--faults FILE                      the same, one a line
//
// A fault is when it happens, a colon, and its effects. When is always, nth N…, first N, share SHARE, between FROM TO, young AGE, or
// without HEADER VALUE; and create SHARE or cancel SHARE of those calls. Effects are code CODE BODY, retry-after VALUE, retry-at DURATION,
// date-off DURATION, header NAME VALUE, redirect URL, body TEXT, latency DURATION, drip DURATION, lags DURATION, huge BYTES, gzip-bomb
// BYTES, truncated, reset, silence and goes-back: package mock says what each does.
//
// The service knows its newest 10,000 jobs. It listens on 127.0.0.1:8080 unless --addr says otherwise. SIGINT and SIGTERM end it once the
// requests under way are answered.
package main

import (
	"context"
	cryptorand "crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/benbjohnson/clock"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/iamber12/job-status-monitoring/mock"
)

const usage = `jobserver runs a service of jobs to try things on.

usage: jobserver serve [flags]

flags of serve:
`

// misuse is the exit code of a command line that can't be served.
const misuse = 2

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

type config struct {
	addr     string
	duration mock.Distribution
	kinds    kinds
	pending  float64
	fail     float64
	seed     uint64
	speed    float64
	faults   []mock.Option
}

// run is main with what it touches as arguments. It returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var c config
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&c.addr, "addr", "127.0.0.1:8080", "`address` to listen on; port 0 picks a free one")
	c.duration, c.kinds = mock.Uniform(5*time.Second, 15*time.Second), kinds{}
	flags.Func("duration", "how long a job takes: a duration or a `distribution` (default uniform:5s,15s)", func(s string) (err error) {
		c.duration, err = mock.ParseDistribution(s)
		return plain(err)
	})
	flags.Func("kind", "how long jobs of a kind take, as `name=distribution`; may be repeated", c.kinds.set)
	flags.Float64Var(&c.pending, "pending", 0.3, "`share` of its time that a job waits before it runs, from 0 to 1")
	flags.Float64Var(&c.fail, "fail", 0.5, "`share` of the jobs that fail, from 0 to 1")
	flags.Uint64Var(&c.seed, "seed", 0, "`number` that decides what becomes of the jobs; 0 picks one")
	flags.Float64Var(&c.speed, "speed", 1, "how many `times` as fast the service's clock runs")
	flags.Func("fault", "`what` goes wrong, such as \"share 0.1: code 503; retry-after 2\"; may be repeated", func(s string) error {
		fault, err := parseFault(s)
		c.faults = append(c.faults, fault)
		return err
	})
	flags.Func("faults", "a `file` of such faults, one a line", func(name string) error {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		faults, err := readFaults(f, name)
		c.faults = append(c.faults, faults...)
		return err
	})
	help := func(w io.Writer) {
		fmt.Fprint(w, usage)
		flags.SetOutput(w)
		flags.PrintDefaults()
	}
	if len(args) == 0 {
		help(stderr)
		return misuse
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		help(stdout)
		return 0
	case "serve":
	default:
		fmt.Fprintf(stderr, "jobserver: no such command: %q; try: jobserver serve\n", args[0])
		return misuse
	}
	if err := flags.Parse(args[1:]); errors.Is(err, flag.ErrHelp) {
		help(stdout)
		return 0
	} else if err != nil {
		fmt.Fprintf(stderr, "jobserver: %v; jobserver help lists the flags\n", err)
		return misuse
	}
	if err := c.check(flags.Args()); err != nil {
		fmt.Fprintf(stderr, "jobserver: %v\n", err)
		return misuse
	}
	listener, err := net.Listen("tcp", c.addr)
	if err != nil {
		fmt.Fprintf(stderr, "jobserver: can't listen: %v; --addr names another address, and port 0 picks a free one\n", err)
		return misuse
	}
	if err := c.serve(ctx, listener, newLogger(stderr)); err != nil {
		fmt.Fprintf(stderr, "jobserver: %v\n", err)
		return 1
	}
	return 0
}

func (c config) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("serve takes flags only, not %q", rest[0])
	case !(c.pending >= 0 && c.pending <= 1):
		return fmt.Errorf("--pending %v: must be from 0 to 1", c.pending)
	case !(c.speed >= 0.001 && c.speed <= 1e6):
		return fmt.Errorf("--speed %v: must be from 0.001 to 1000000", c.speed)
	case !(c.fail >= 0 && c.fail <= 1):
		return fmt.Errorf("--fail %v: must be from 0 to 1", c.fail)
	default:
		return nil
	}
}

// plain returns an error without the name of the package that it comes from.
func plain(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(strings.TrimPrefix(err.Error(), "mock: "))
}

// kinds is a flag of durations by kind of job, such as transcode=lognormal:1m,0.5.
type kinds map[string]mock.Distribution

func (k kinds) set(s string) error {
	name, text, ok := strings.Cut(s, "=")
	if !ok || name == "" {
		return errors.New("want NAME=DISTRIBUTION")
	}
	d, err := mock.ParseDistribution(text)
	k[name] = d
	return plain(err)
}

// script returns what becomes of a job, a function of the seed and of how many came before it.
func (c config) script(job mock.Creation, log *zap.Logger) []mock.Step {
	random := rand.New(rand.NewPCG(c.seed, uint64(job.N)))
	d, ok := c.kinds[job.Kind]
	if !ok {
		d = c.duration
	}
	takes := d.At(random.Float64())
	waits := time.Duration(c.pending * float64(takes))
	end, word := mock.Completed(nil), "completed"
	if random.Float64() < c.fail {
		end, word = mock.Failed("as --fail wants"), "failed"
	}
	log.Info("job created", zap.String("id", job.ID), zap.String("kind", job.Kind), zap.Duration("takes", takes), zap.String("ends", word))
	return []mock.Step{mock.Pending(max(waits, 1)), mock.Running(max(takes-waits, 1)).Rising(0, 1), end}
}

// serve serves until ctx is done.
func (c config) serve(ctx context.Context, l net.Listener, log *zap.Logger) error {
	if c.seed == 0 {
		c.seed = rand.Uint64()
	}
	clk := newScaled(clock.New(), c.speed)
	b := newBoard(clk, c.speed)
	service, err := mock.NewService(append(c.faults, mock.WithClock(clk), mock.WithSeed(c.seed), mock.WithIDs(newID), mock.KeepCalls(0),
		mock.KeepJobs(keptJobs), mock.OnCall(b.note),
		mock.CreatedBy(func(job mock.Creation) []mock.Step { return c.script(job, log) }))...)
	if err != nil {
		return err
	}
	b.service = service
	ending := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", servePage)
	mux.HandleFunc("GET /debug/jobs", b.serveState)
	mux.HandleFunc("GET /debug/events", b.events(ending, clock.New()))
	mux.Handle("/", logged(service, log))
	if host, _, err := net.SplitHostPort(l.Addr().String()); err == nil && !net.ParseIP(host).IsLoopback() {
		log.Warn("this address can be reached from other machines", zap.Stringer("addr", l.Addr()))
	}
	url := "http://" + l.Addr().String()
	log.Info("listening on " + url)
	log.Info("create a job with: curl -X POST " + url + "/")
	log.Info("what becomes of jobs is drawn", zap.Uint64("seed", c.seed))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }() // ends with Shutdown
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	log.Info("stopping")
	close(ending)
	grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		_ = server.Close()
	}
	<-ended
	log.Info("stopped")
	return nil
}

// newID returns a random UUID (RFC 9562, version 4).
func newID() string {
	var b [16]byte
	_, _ = cryptorand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// logged writes a line for each request.
func logged(h http.Handler, log *zap.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := &codeWriter{ResponseWriter: w}
		h.ServeHTTP(seen, r)
		log.Info("answered", zap.String("method", r.Method), zap.String("path", r.URL.EscapedPath()), zap.Int("code", seen.code))
	})
}

type codeWriter struct {
	http.ResponseWriter
	code int
}

// Unwrap lets a fault break the connection.
func (w *codeWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *codeWriter) WriteHeader(code int) {
	w.code = code
	w.ResponseWriter.WriteHeader(code)
}

func newLogger(w io.Writer) *zap.Logger {
	e := zap.NewDevelopmentEncoderConfig()
	e.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05.000")
	return zap.New(zapcore.NewCore(zapcore.NewConsoleEncoder(e), zapcore.Lock(zapcore.AddSync(w)), zap.InfoLevel))
}
