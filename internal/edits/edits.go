// Package edits tries functions on random edits of known inputs. It finds what is rare among inputs
// that are nearly right. A fuzz target, which coverage guides, makes thousands of inputs a second.
// An [Editor] is not guided, and makes a hundred times as many.
//
//	go test ./internal/place -run Edited -edits 10000000
package edits

import (
	"flag"
	"math/rand/v2"
	"runtime/debug"
	"testing"
)

// count is also the seed, so that a run can be repeated.
var count = flag.Uint64("edits", 20_000, "how many edited inputs each test of them tries; runs of equal length are equal")

// maxEdits bounds the edits of one input. Most inputs have fewer, so that they stay nearly right.
const maxEdits = 4

// An Editor makes the inputs of one try.
type Editor struct {
	*rand.Rand
	inputs [][]byte
}

// Run calls try as often as the flag -edits says. It fails the test with the inputs of the first
// try that returns an error or panics.
func Run(t *testing.T, try func(*Editor) error) {
	t.Helper()
	e := &Editor{Rand: rand.New(rand.NewPCG(*count, 0))} //nolint:gosec // a test must be repeatable
	var at uint64
	defer func() {
		if v := recover(); v != nil {
			t.Fatalf("try %d panics with %v: %q\n%s", at, v, e.inputs, debug.Stack())
		}
	}()
	for ; at < *count; at++ {
		e.inputs = e.inputs[:0]
		if err := try(e); err != nil {
			t.Fatalf("try %d: %v: %q", at, err, e.inputs)
		}
	}
}

// Pick returns one of the seeds as it is.
func Pick[T any](e *Editor, seeds []T) T { return seeds[e.IntN(len(seeds))] }

// Edit returns an edited copy of one of the seeds. Now and then it is the seed as it is.
func (e *Editor) Edit(seeds []string) []byte {
	text := []byte(Pick(e, seeds))
	for range e.IntN(maxEdits + 1) {
		text = e.once(text, seeds)
	}
	e.inputs = append(e.inputs, text)
	return text
}

// marks are what inputs of all kinds are made of.
const marks = "\x00\t\n\r \"#%&'()*+,-./0123456789:;<=>?@AZ[\\]_`az{|}~\x7f\x80\xbf\xc0\xe2\xef\xff"

// once returns text with one edit.
func (e *Editor) once(text []byte, seeds []string) []byte {
	from := e.IntN(len(text) + 1)
	to := min(len(text), from+e.IntN(8))
	switch e.IntN(6) {
	case 0: // another byte
		if from < len(text) {
			text[from] ^= 1 << e.IntN(8)
		}
		return text
	case 1: // a mark more
		return splice(text, from, from, []byte{marks[e.IntN(len(marks))]})
	case 2: // a mark in place of a part
		return splice(text, from, to, []byte{marks[e.IntN(len(marks))]})
	case 3: // a part less
		return splice(text, from, to, nil)
	case 4: // a part twice
		return splice(text, from, from, text[from:to])
	default: // a part of another seed
		other := Pick(e, seeds)
		start := e.IntN(len(other) + 1)
		return splice(text, from, to, []byte(other[start:min(len(other), start+e.IntN(32))]))
	}
}

// splice returns text with insert in place of text[from:to].
func splice(text []byte, from, to int, insert []byte) []byte {
	all := make([]byte, 0, len(text)+len(insert))
	return append(append(append(all, text[:from]...), insert...), text[to:]...)
}
