// Command jobserver runs a service of jobs to try things on. It speaks the default dialect of
// transport/rest:
//
//	jobserver serve
//
//	curl -X POST http://127.0.0.1:8080/
//	curl http://127.0.0.1:8080/status/ID
//
// A browser at http://127.0.0.1:8080/ sees the jobs live: how far each is, when somebody asked
// about it, and how late its end was heard of. GET /debug/jobs answers the same as JSON: the
// seconds since the service began at which each job was created, ended, was asked about, and at
// which somebody was first told of its end. It tells of the newest 100, or of as many as ?limit=
// says, up to 1,000. The "next" of an answer, given as ?after=, is where the next page begins.
//
// A job is pending until it completes or fails, as with the service that this one stands for. A
// client that knows no other word sees all jobs end. Flags say how jobs behave. The input of a job
// can name its kind in at most 256 bytes, such as {"kind": "transcode"}:
//
//	--duration lognormal:10s,0.5       how long a job takes; see mock.ParseDistribution
//	--kind transcode=lognormal:1m,0.3  the same for jobs of a kind; may be repeated
//	--running                          have jobs run before they end, with progress
//	--pending 0.5                      share of that time before a job runs; 1, the default: never
//	--fail 0.1                         share of the jobs that fail
//	--seed 7                           the same seed gives the same jobs; 0 picks one
//	--speed 10                         the service's clock runs ten times as fast
//	--fault "share 0.1: code 503"      what goes wrong with calls for a status; may be repeated
//	--faults FILE                      the same, one a line
//
// A fault is when it happens, a colon, and its effects. When is always, nth N…, first N, share
// SHARE, between FROM TO, young AGE, or without HEADER VALUE; and create SHARE or cancel SHARE of
// those calls. Effects are code CODE BODY, retry-after VALUE, retry-at DURATION, date-off DURATION,
// header NAME VALUE, redirect URL, body TEXT, latency DURATION, drip DURATION, lags DURATION, huge
// BYTES, gzip-bomb BYTES, truncated, reset, silence and goes-back: package mock says what each
// does.
//
// The service knows its newest 10,000 jobs. It logs polls with --verbose. SIGINT and SIGTERM end it
// once the requests under way are answered, and after five seconds at the latest.
//
// It listens on 127.0.0.1:8080 unless --addr says otherwise. It answers requests that name it
// localhost, or by a loopback address, by the host of --addr, by the address that they were sent
// to, or by a name of --allow-host. It refuses what a page of another site makes a browser send.
// Bodies are up to 64 KiB, and read within ten seconds.
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

// run is main with what it touches as arguments. It returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var c config
	flags := newFlags(&c)
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
	if err := c.settle(flags); err != nil {
		fmt.Fprintf(stderr, "jobserver: %v\n", err)
		return misuse
	}
	listener, err := net.Listen("tcp", c.addr)
	if err != nil {
		fmt.Fprintf(stderr, "jobserver: can't listen: %v; --addr names another address, and port 0 picks a free one\n", err)
		return misuse
	}
	if err := c.serve(ctx, listener, newLogger(stderr, c.verbose)); err != nil {
		fmt.Fprintf(stderr, "jobserver: %v\n", err)
		return 1
	}
	return 0
}

// script returns what becomes of a job, a function of the seed and of how many came before it.
func (c config) script(job mock.Creation, log *zap.Logger) []mock.Step {
	random := rand.New(rand.NewPCG(c.seed, uint64(job.N)))
	d, ok := c.kinds[job.Kind]
	if !ok {
		d = c.duration
	}
	takes := d.At(random.Float64())
	end, word := mock.Completed(nil), "completed"
	if random.Float64() < c.fail {
		end, word = mock.Failed(""), "failed"
	}
	log.Info("job created", zap.String("id", job.ID), zap.String("kind", job.Kind), zap.Duration("takes", takes), zap.String("ends", word))
	if c.pending == 1 {
		return []mock.Step{mock.Pending(max(takes, 1)), end}
	}
	waits := time.Duration(c.pending * float64(takes))
	return []mock.Step{mock.Pending(max(waits, 1)), mock.Running(max(takes-waits, 1)).Rising(0, 1), end}
}

// grace is how long requests under way may take once the server is to end.
const grace = 5 * time.Second

// serve serves until ctx is done.
func (c config) serve(ctx context.Context, l net.Listener, log *zap.Logger) error {
	if c.seed == 0 {
		c.seed = rand.Uint64()
	}
	ending := make(chan struct{})
	handler, err := c.handler(clock.New(), l.Addr(), ending, log)
	if err != nil {
		return err
	}
	if host, _, err := net.SplitHostPort(l.Addr().String()); err == nil && !net.ParseIP(host).IsLoopback() {
		log.Warn("this address can be reached from other machines", zap.Stringer("addr", l.Addr()))
	}
	url := "http://" + l.Addr().String()
	log.Info("listening on " + url)
	log.Info("create a job with: curl -X POST " + url + "/")
	log.Info("what becomes of jobs is drawn", zap.Uint64("seed", c.seed))
	life, end := context.WithCancel(context.Background()) // ends what handlers wait for
	defer end()
	server := &http.Server{Handler: handler, ReadHeaderTimeout: readTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		BaseContext: func(net.Listener) context.Context { return life }}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }() // ends with Shutdown
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	log.Info("stopping")
	close(ending)
	late, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := server.Shutdown(late); err != nil {
		end()
		_ = server.Close()
	}
	<-ended
	log.Info("stopped")
	return nil
}

// handler returns what answers at an address, by a clock. What it streams ends with ending.
func (c config) handler(base clock.Clock, addr net.Addr, ending <-chan struct{}, log *zap.Logger) (http.Handler, error) {
	clk := newScaled(base, c.speed)
	b := newBoard(clk, c.speed)
	service, err := mock.NewService(append(c.faults, mock.WithClock(clk), mock.WithSeed(c.seed), mock.WithIDs(newID), mock.KeepCalls(0),
		mock.KeepJobs(keptJobs), mock.OnCall(b.note),
		mock.CreatedBy(func(job mock.Creation) []mock.Step { return c.script(job, log) }))...)
	if err != nil {
		return nil, err
	}
	b.service = service
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", servePage)
	mux.HandleFunc("GET /debug/jobs", b.serveState)
	mux.HandleFunc("GET /debug/events", b.events(ending, clock.New()))
	mux.Handle("/", logged(service, log))
	return newGuard(mux, []string{c.addr, addr.String()}, c.hosts), nil
}

// newID returns a random UUID (RFC 9562, version 4).
func newID() string {
	var b [16]byte
	_, _ = cryptorand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// logged writes a line for each request, at debug level for a poll.
func logged(h http.Handler, log *zap.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := &codeWriter{ResponseWriter: w}
		h.ServeHTTP(seen, r)
		level := zap.InfoLevel
		if r.Method == http.MethodGet {
			level = zap.DebugLevel
		}
		log.Log(level, "answered", zap.String("method", r.Method), zap.String("path", r.URL.EscapedPath()), zap.Int("code", seen.code))
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

func newLogger(w io.Writer, verbose bool) *zap.Logger {
	level := zap.InfoLevel
	if verbose {
		level = zap.DebugLevel
	}
	e := zap.NewDevelopmentEncoderConfig()
	e.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05.000")
	return zap.New(zapcore.NewCore(zapcore.NewConsoleEncoder(e), zapcore.Lock(zapcore.AddSync(w)), level))
}
