package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/mock/push"
)

// secretVariable is where the secret may stand in place of a flag, which other users of the machine
// can read.
const secretVariable = "JOBSERVER_WEBHOOK_SECRET"

// pushes is what the flags say of what the server tells unasked.
type pushes struct {
	hooks   []string
	secret  string
	stream  string
	options []mock.Option
}

func (p *pushes) flags(flags *flag.FlagSet) {
	flags.Func("webhook", "a `URL` to call when a job changes; may be repeated", func(s string) error {
		p.hooks = append(p.hooks, s)
		return nil
	})
	flags.StringVar(&p.secret, "webhook-secret", "", "`secret` of the webhooks' signatures, in base64 (default $"+secretVariable+")")
	flags.StringVar(&p.stream, "stream", "", "a `path` such as /events at which to stream the changes of jobs")
}

// settle makes options of the flags, or reports what can't be.
func (p *pushes) settle() error {
	if p.secret == "" {
		p.secret = os.Getenv(secretVariable)
	}
	if len(p.hooks) > 0 && p.secret == "" {
		return errors.New("--webhook: set a secret by --webhook-secret or by the variable " + secretVariable)
	}
	for _, hook := range p.hooks {
		if err := p.add("--webhook", mock.Push(push.Webhook(hook, p.secret))); err != nil {
			return err
		}
	}
	if p.stream != "" {
		return p.add("--stream", mock.Push(push.Stream(p.stream)))
	}
	return nil
}

// add adds an option, if a service can be made with it.
func (p *pushes) add(flag string, option mock.Option) error {
	if _, err := mock.NewService(option); err != nil {
		_, problem, _ := strings.Cut(err.Error(), ": ") // before it stands a line of this file
		return fmt.Errorf("%s: %s", flag, strings.TrimPrefix(problem, "push: "))
	}
	p.options = append(p.options, option)
	return nil
}

// until returns h with its stream ending when ending is closed.
func (p *pushes) until(ending <-chan struct{}, h http.Handler) http.Handler {
	if p.stream == "" {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != p.stream {
			h.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		go func() { // ends with the request
			select {
			case <-ending:
				cancel()
			case <-ctx.Done():
			}
		}()
		h.ServeHTTP(w, r.WithContext(ctx))
	})
}
