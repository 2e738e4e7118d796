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

// flight is one asking of the source. Its fields are set before done is closed.
type flight struct {
	done  chan struct{}
	token *Token
	err   error
	left  bool // the call that asked ended before it got an answer, which says nothing to the others
}

// Get returns a token other than stale. Of all calls that need one at a time, one asks the source
// and the others wait for what it gets.
func (t *Tokens) Get(ctx context.Context, stale *Token) (*Token, error) {
	for {
		t.mu.Lock()
		if t.token != nil && t.token != stale {
			defer t.mu.Unlock()
			return t.token, nil
		}
		f := t.flight
		if f == nil {
			f = &flight{done: make(chan struct{}), err: errors.New("token source: it panicked")}
			t.flight = f
			t.mu.Unlock()
			t.ask(ctx, f)
			return f.token, f.err
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

func (t *Tokens) ask(ctx context.Context, f *flight) {
	defer func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if f.token != nil {
			t.token = f.token
		}
		t.flight = nil
		close(f.done)
	}()
	value, err := t.source(ctx)
	switch {
	case err != nil:
		f.err, f.left = fmt.Errorf("token source: %w", err), ctx.Err() != nil
	case value == "" || !IsHeaderValue(value):
		f.err = errors.New("token source: the token is empty or holds what a header cannot carry")
	default:
		f.token, f.err = &Token{value, []string{"Bearer " + value}}, nil
	}
}
