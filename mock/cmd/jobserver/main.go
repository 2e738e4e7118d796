// Command jobserver runs a service of jobs for experiments. It speaks the default dialect of
// transport/rest:
//
//	jobserver serve
//
//	curl -X POST http://127.0.0.1:8080/
//	curl http://127.0.0.1:8080/status/ID
//
// The page http://127.0.0.1:8080/ shows the jobs live: the progress of each job, the time of each
// poll, and when its end was reported. It also shows whether a poll, a webhook or the stream
// reported the end. GET /debug/jobs returns the same as JSON. Its times are seconds since the
// service began. It returns the newest 100 jobs, or as many as ?limit= says, up to 1,000. For the
// next page, pass the field "next" of the answer as ?after=.
//
// By default a job takes 5 to 15 seconds, is pending until it ends, and fails with probability 0.5.
// So a client that knows only pending, completed and failed sees all jobs end. The input of a job
// can name its kind in at most 256 bytes, such as {"kind": "transcode"}. These flags say how jobs
// behave:
//
//	--duration lognormal:10s,0.5       how long a job takes; see duration.Parse
//	--kind transcode=lognormal:1m,0.3  how long a job of a kind takes; may be repeated
//	--running                          jobs run, with progress, after 0.3 of their time
//	--blocked 0.3                      share of the running time for which a job waits for a person
//	--pending 0.5                      share of its time after which a job runs; default: never
//	--fail 0.1                         share of the jobs that fail
//	--seed 7                           the same seed gives the same jobs; 0 picks one
//	--speed 10                         the service's clock runs ten times as fast
//	--fault "share 0.1: code 503"      a fault, as described below; may be repeated
//	--faults FILE                      a file with a fault on each line
//	--webhook URL                      call this URL when a job changes; may be repeated
//	--webhook-secret SECRET            sign these calls by Standard Webhooks; the default is the
//	                                   environment variable JOBSERVER_WEBHOOK_SECRET
//	--stream /events                   the path of a stream of changes, as server-sent events
//
// A fault is a condition, a colon, and its effects, separated by semicolons. Package mock/fault
// describes each of them. The conditions always, nth N…, first N, share SHARE, between FROM TO,
// young AGE, and without HEADER VALUE select polls. The conditions create SHARE and cancel SHARE
// select the requests that start or cancel a job.
//
// These are the effects on such requests:
//
//	code CODE BODY, retry-after VALUE, retry-at DURATION, date-off DURATION, header NAME VALUE,
//	redirect URL, body TEXT, latency DURATION, drip DURATION, lags DURATION, huge BYTES,
//	gzip-bomb BYTES, truncated, reset, silence, goes-back
//
// The condition push SHARE selects changes that are sent to webhooks and the stream. The effects on
// these are lost, doubled, forged, latency DURATION and reset.
//
// The service keeps the newest 10,000 jobs. With --verbose it logs polls. After SIGINT or SIGTERM
// it ends when the requests in flight are answered, at the latest after five seconds.
//
// The service listens on 127.0.0.1:8080 unless --addr says otherwise. It answers requests whose
// Host is localhost, a loopback address, the host of --addr, the address at which they arrived, or
// a name of --allow-host. It refuses requests that a browser sends for a page of another site. A
// body has at most 64 KiB and must arrive within ten seconds.
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
	"slices"
	"syscall"
	"time"

	"github.com/benbjohnson/clock"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/iamber12/job-status-monitoring/mock"
)

const usage = `jobserver runs a service of jobs to try things on.

usage:
  jobserver serve [flags]   run the service
  jobserver help            print this

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
		fmt.Fprintln(stderr, "jobserver: no command; try: jobserver serve")
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
	runs := takes - waits
	if c.blocked == 0 {
		return []mock.Step{mock.Pending(max(waits, 1)), mock.Running(max(runs, 1)).Rising(0, 1), end}
	}
	blocked := time.Duration(c.blocked * float64(runs))
	half := max((runs-blocked)/2, 1)
	return []mock.Step{mock.Pending(max(waits, 1)), mock.Running(half).Rising(0, 0.5),
		mock.Blocked(max(blocked, 1)).With(0.5, "waits for an approval"), mock.Running(half).Rising(0.5, 1), end}
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
	log.Info("the live page is at " + url + "/")
	log.Info("the fate of each job is random", zap.Uint64("seed", c.seed))
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
	service, err := mock.NewService(append(slices.Concat(c.faults, c.options), mock.WithClock(clk), mock.WithSeed(c.seed), mock.WithIDs(newID),
		mock.KeepCalls(0), mock.KeepJobs(keptJobs), mock.OnCall(b.note),
		mock.CreatedBy(func(job mock.Creation) []mock.Step { return c.script(job, log) }))...)
	if err != nil {
		return nil, err
	}
	b.service = service
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", servePage)
	mux.HandleFunc("GET /debug/jobs", b.serveState)
	mux.HandleFunc("GET /debug/events", b.events(ending, clock.New()))
	mux.Handle("/", logged(c.until(ending, service), log))
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
