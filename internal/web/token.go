package web

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/iamber12/job-status-monitoring/internal/problems"
)

// Tokens holds the token of a source. All calls share the token and each request for a new one. It
// is safe for concurrent use.
type Tokens struct {
	source func(context.Context) (string, error)

	mu     sync.Mutex
	token  *Token
	flight *flight // nil if no call of the source is in progress
}

// Token is one token of a source. Two Tokens are different even if their values are equal, because
// a source may return the same value twice.
type Token struct {
	Value  string
	Header []string // the values of the header Authorization
}

// NewTokens returns the Tokens of a source.
func NewTokens(source func(context.Context) (string, error)) *Tokens { return &Tokens{source: source} }

// flight is one call of the source. Its other fields are set before done is closed.
type flight struct {
	done  chan struct{}
	over  bool // done is closed; guarded by Tokens.mu
	token *Token
	err   error
	left  bool // the context of the caller ended first, so that another caller must call the source
}

// Get returns a token other than stale. If several calls need one at the same time, one of them
// calls the source, and the others wait for its result. If the context of that call ends first,
// another call takes its place.
func (t *Tokens) Get(ctx context.Context, stale *Token) (*Token, error) {
	for {
		t.mu.Lock()
		if t.token != nil && t.token != stale {
			defer t.mu.Unlock()
			return t.token, nil
		}
		f := t.flight
		if f == nil {
			f = &flight{done: make(chan struct{})}
			t.flight = f
			t.mu.Unlock()
			return t.ask(ctx, f)
		}
		t.mu.Unlock()
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if !f.left {
			return f.token, f.err
		}
	}
}

var errSourceEnded = errors.New("token source: it panicked")

// ask calls the source for all calls that wait for f.
func (t *Tokens) ask(ctx context.Context, f *flight) (token *Token, err error) {
	err = errSourceEnded // for the waiting calls, if the source panics
	defer func() { t.end(f, token, err, ctx.Err() != nil) }()
	defer context.AfterFunc(ctx, func() { t.end(f, nil, context.Cause(ctx), true) })()
	value, problem := t.source(ctx)
	value = strings.TrimSpace(value) // the token of a file ends with a line break
	if wrong := problems.OfError(problem); wrong != "" {
		panic("token source: " + wrong)
	}
	switch {
	case problem != nil:
		err = fmt.Errorf("token source: %w", problem)
	case value == "":
		err = errors.New("token source: the token is empty")
	case !IsHeaderValue(value):
		err = errors.New("token source: the token has a character that no header can have, such as a line break")
	default:
		token, err = &Token{value, []string{"Bearer " + value}}, nil
	}
	return token, err
}

// end ends f and wakes the calls that wait for it. Only the first call of end for f has an effect.
func (t *Tokens) end(f *flight, token *Token, err error, left bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if token != nil {
		t.token = token
	}
	if f.over {
		return
	}
	f.over, f.token, f.err, f.left = true, token, err, left && token == nil
	if t.flight == f {
		t.flight = nil
	}
	close(f.done)
}
