// Command jobserver runs a service of jobs to try things on. It speaks the default dialect of transport/rest:
//
//	jobserver serve [--addr 127.0.0.1:8080] [--min 5s] [--max 15s] [--fail 0.5] [--seed 1]
//
//	curl -X POST http://127.0.0.1:8080/
//	curl http://127.0.0.1:8080/status/ID
//
// A job takes a time between min and max, each as likely, and fails with the probability of fail. The same seed gives the same
// jobs; without one each run has its own. SIGINT and SIGTERM end it once the requests under way are answered.
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
	min, max time.Duration
	fail     float64
	seed     uint64
}

// run is main with what it touches as arguments. It returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var c config
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&c.addr, "addr", "127.0.0.1:8080", "`address` to listen on; port 0 picks a free one")
	flags.DurationVar(&c.min, "min", 5*time.Second, "shortest `time` that a job takes")
	flags.DurationVar(&c.max, "max", 15*time.Second, "longest `time` that a job takes")
	flags.Float64Var(&c.fail, "fail", 0.5, "`share` of the jobs that fail, from 0 to 1")
	flags.Uint64Var(&c.seed, "seed", 0, "`number` that decides what becomes of the jobs; 0 picks one")
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
	case c.min < 0 || c.max < c.min:
		return fmt.Errorf("--min %v --max %v: they must be in this order, and not negative", c.min, c.max)
	case !(c.fail >= 0 && c.fail <= 1):
		return fmt.Errorf("--fail %v: must be from 0 to 1", c.fail)
	default:
		return nil
	}
}

// serve serves until ctx is done.
func (c config) serve(ctx context.Context, l net.Listener, log *zap.Logger) error {
	if c.seed == 0 {
		c.seed = rand.Uint64()
	}
	random := rand.New(rand.NewPCG(c.seed, 0))
	service, err := mock.NewService(mock.WithIDs(newID), mock.KeepCalls(0), mock.CreatedBy(func(created mock.Creation) []mock.Step { // is called for one job at a time
		takes := c.min + time.Duration(random.Float64()*float64(c.max-c.min))
		end, word := mock.Completed(nil), "completed"
		if random.Float64() < c.fail {
			end, word = mock.Failed(""), "failed"
		}
		log.Info("job created", zap.Int("number", created.N), zap.Duration("takes", takes), zap.String("ends", word))
		return []mock.Step{mock.Pending(max(takes, 1)), end}
	}))
	if err != nil {
		return err
	}
	if host, _, err := net.SplitHostPort(l.Addr().String()); err == nil && !net.ParseIP(host).IsLoopback() {
		log.Warn("this address can be reached from other machines", zap.Stringer("addr", l.Addr()))
	}
	url := "http://" + l.Addr().String()
	log.Info("listening on " + url)
	log.Info("create a job with: curl -X POST " + url + "/")
	server := &http.Server{Handler: logged(service, log), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }() // ends with Shutdown
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	log.Info("stopping")
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

func (w *codeWriter) WriteHeader(code int) {
	w.code = code
	w.ResponseWriter.WriteHeader(code)
}

func newLogger(w io.Writer) *zap.Logger {
	e := zap.NewDevelopmentEncoderConfig()
	e.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05.000")
	return zap.New(zapcore.NewCore(zapcore.NewConsoleEncoder(e), zapcore.Lock(zapcore.AddSync(w)), zap.InfoLevel))
}
