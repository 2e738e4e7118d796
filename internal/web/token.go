package web

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Tokens keeps the token of a source, and asks the source for all calls together. It is safe for
// concurrent use.
type Tokens struct {
	source func(context.Context) (string, error)

	mu     sync.Mutex
	token  *Token
	flight *flight // nil if the source is not being asked
}

// Token has an identity beside its value: a source may answer twice with the same.
type Token struct {
	Value  string
	Header []string // of Authorization
}

// NewTokens returns the Tokens of a source.
func NewTokens(source func(context.Context) (string, error)) *Tokens { return &Tokens{source: source} }

// flight is one asking of the source. Its other fields are set before done is closed.
type flight struct {
	done  chan struct{}
	over  bool // done is closed; guarded by Tokens.mu
	token *Token
	err   error
	left  bool // the call that asked ended before it got an answer, which says nothing to the others
}

// Get returns a token other than stale. Of all calls that need one at a time, one asks the source
// and the others wait for what it gets, or until the context of that call ends. Then another asks.
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

// ask asks the source for all calls that wait for f.
func (t *Tokens) ask(ctx context.Context, f *flight) (token *Token, err error) {
	err = errSourceEnded // what the others are told of a panic
	defer func() { t.end(f, token, err, ctx.Err() != nil) }()
	defer context.AfterFunc(ctx, func() { t.end(f, nil, context.Cause(ctx), true) })()
	value, problem := t.source(ctx)
	switch {
	case problem != nil:
		err = fmt.Errorf("token source: %w", problem)
	case value == "" || !IsHeaderValue(value):
		err = errors.New("token source: the token is empty or holds what a header cannot carry")
	default:
		token, err = &Token{value, []string{"Bearer " + value}}, nil
	}
	return token, err
}

// end tells those who wait for f how it ended, once.
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
