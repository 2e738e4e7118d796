// Command push receives news of jobs by webhooks. For some time the webhooks are lost, so that jobs
// are polled. The command prints how it learned of the end of each job, and with which delay.
//
//	go run ./examples/push
//
// The service calls the program over real sockets on the loopback address, and is polled over them.
// Time is virtual, so that three minutes pass at once and every run is the same.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"slices"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/mock/fault"
	"github.com/iamber12/job-status-monitoring/mock/push"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/webhook"
)

const (
	// takes is how long each job runs.
	takes = 20 * time.Second
	// between is the wait between polls while the Watcher does not rely on webhooks.
	between = 3 * time.Second
	// secret is known to the service and to the program.
	secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run starts a service, a receiver of its webhooks, and a Watcher. It then tells the story.
func run(ctx context.Context, out io.Writer) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var p program
	defer p.close()
	clk, jobs := mock.NewClock(&p), 0
	service := mock.NewServer(&p, mock.WithClock(clk), mock.Created(mock.Running(takes), mock.Completed(nil)),
		mock.WithIDs(func() string { jobs++; return fmt.Sprintf("report-%d", jobs) }),
		mock.Push(push.Webhook("http://"+listener.Addr().String()+"/hooks/jobs", secret)),
		mock.Fault(fault.Always().OfPush().Of("report-2"), fault.Lost()))

	client, err := rest.New(service.URL)
	if err != nil {
		return err
	}
	defer client.Close()
	hook, err := webhook.New(client, webhook.StandardWebhooks(secret)) // with webhook.WithTrust(), no poll confirms the end
	if err != nil {
		return err
	}
	receiver := newReceiver(hook, listener)
	defer receiver.stop()

	lost := make(chan struct{}, 1)
	w, err := jobstatus.New(client, jobstatus.WithNotifier(receiver), jobstatus.WithBackoff(backoff.Constant(between)),
		jobstatus.WithTimeout(time.Hour), jobstatus.WithClock(clk), jobstatus.WithLogger(logger(out, lost)))
	if err != nil {
		return err
	}
	defer w.Close()
	<-receiver.heard
	s := &story{ctx: ctx, out: out, clock: clk, service: service, receiver: receiver, watcher: w, lost: lost}
	clk.Run(s.tell)
	return s.err
}

// logger returns a logger that writes warnings to out, and then says so on lost.
func logger(out io.Writer, lost chan<- struct{}) *zap.Logger {
	lines := zapcore.NewConsoleEncoder(zapcore.EncoderConfig{MessageKey: "message", ConsoleSeparator: " "})
	return zap.New(zapcore.NewCore(lines, zapcore.AddSync(out), zap.WarnLevel), zap.Hooks(func(zapcore.Entry) error {
		select {
		case lost <- struct{}{}:
		default:
		}
		return nil
	}))
}

// story is the sequence of events that the command shows.
type story struct {
	ctx      context.Context
	out      io.Writer
	clock    *mock.Clock
	service  *mock.Server
	receiver *receiver
	watcher  *jobstatus.Watcher
	lost     <-chan struct{}
	err      error // the first error
}

func (s *story) tell() {
	s.say("The service calls a webhook as a job ends. One poll confirms the end.")
	s.wait()
	s.say("A call is lost on its way. A quiet poll makes up for it; there is one every 30 s or so.")
	s.wait()
	s.say("The receiver stops. The Watcher logs that, and polls every 3 s.")
	s.receiver.stop()
	<-s.lost
	s.wait()
	s.say("The receiver is back. It is heard at once, and not relied on for a minute: polls go on.")
	if err := s.receiver.start(); err != nil {
		s.err = err
		return
	}
	for len(s.receiver.heard) == 0 { // the Watcher waits longer before each new try
		s.clock.Sleep(time.Second)
	}
	s.wait()
	s.clock.Sleep(time.Minute)
	s.say("The minute is over. The Watcher leaves it to webhooks again.")
	s.wait()
}

func (s *story) say(line string) { fmt.Fprintf(s.out, "%s\n", line) }

// wait starts a job, waits for it, and prints how it learned of its end.
func (s *story) wait() {
	if s.err != nil {
		return
	}
	id, err := s.watcher.CreateJob(s.ctx)
	if err != nil {
		s.err = err
		return
	}
	end := s.clock.Now().Add(takes)
	status, err := s.watcher.WaitForJob(s.ctx, id)
	if err != nil {
		s.err = err
		return
	}
	way := "a poll"
	if s.receiver.told(id) {
		way = "a webhook"
	}
	fmt.Fprintf(s.out, "  %s %v, learned by %s %.1f s after the end, polls: %d\n", id, status.State, way,
		s.clock.Since(end).Seconds(), s.service.Polls(id))
}

// program is the mock.TB of this command, in place of a test.
type program struct{ cleanups []func() }

func (p *program) Helper()                           {}
func (p *program) Cleanup(f func())                  { p.cleanups = append(p.cleanups, f) }
func (p *program) Errorf(format string, args ...any) { log.Printf(format, args...) }
func (p *program) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }

// close calls the cleanup functions, the newest first.
func (p *program) close() {
	for _, f := range slices.Backward(p.cleanups) {
		f()
	}
}
