package adaptive

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// experienced is an Adaptive that has watched n jobs of each of two kinds.
func experienced(n int) *Learner {
	a, r := New(), rand.New(rand.NewPCG(1, 2))
	for i := range n {
		o := watched(a, fmt.Sprint(i), "two sorts", twoSorts(r))
		o.Marks = []backoff.Mark{{Age: o.After / 2, Progress: 0.4}, {Age: o.After, Progress: 0.9}}
		a.Observe(o)
		a.Observe(exactly(fmt.Sprint(i), "uniform", uniform(r)))
	}
	a.Observe(backoff.Outcome{Kind: "two sorts", After: time.Hour})
	return a
}

func TestLearnerThatWasSavedAndLoadedAnswersAlike(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 20, 150, 700} {
		a := experienced(n)
		data, err := a.MarshalBinary()
		require.NoError(t, err)
		b := New()
		require.NoError(t, b.UnmarshalBinary(data))
		again, err := b.MarshalBinary()
		require.NoError(t, err)
		require.True(t, bytes.Equal(data, again))
		for i := range 200 {
			p := backoff.Poll{Key: fmt.Sprint(i), Kind: "two sorts", Attempt: i % 5, Elapsed: time.Duration(i) * 300 * time.Millisecond}
			require.Equal(t, a.Next(p), b.Next(p), "%+v", p)
			p.Progress = 0.4
			require.Equal(t, a.Next(p), b.Next(p), "%+v", p)
			require.Equal(t, a.Rank(p, time.Minute), b.Rank(p, time.Minute), "%+v", p)
			p.Kind = "uniform"
			require.Equal(t, a.Next(p), b.Next(p), "%+v", p)
		}
	}
}

func TestLearnerLoadsTheKindsUsedMostRecently(t *testing.T) {
	t.Parallel()
	data, err := experienced(5).MarshalBinary()
	require.NoError(t, err)
	a := New(Kinds(1))
	require.NoError(t, a.UnmarshalBinary(data))
	assert.NotNil(t, a.kinds.planned("two sorts"))
	assert.Nil(t, a.kinds.planned("uniform"))
}

func TestLearnerThatLoadsDamagedDataSaysWhereAndIsUnchanged(t *testing.T) {
	t.Parallel()
	data, err := experienced(5).MarshalBinary()
	require.NoError(t, err)
	a := experienced(1)
	before, err := a.MarshalBinary()
	require.NoError(t, err)
	for i := range data {
		bad := append([]byte(nil), data...)
		bad[i] ^= 0x40
		require.Error(t, a.UnmarshalBinary(bad), "byte %d", i)
		require.Error(t, a.UnmarshalBinary(data[:i]), "first %d bytes", i)
	}
	after, err := a.MarshalBinary()
	require.NoError(t, err)
	assert.Equal(t, before, after)
}

// Each damage has a checksum that matches.
func TestLearnerNamesTheByteAndTheKindThatAreDamaged(t *testing.T) {
	t.Parallel()
	a := New()
	a.Observe(exactly("job", "the kind", time.Minute))
	data, err := a.MarshalBinary()
	require.NoError(t, err)
	const head, name = 5, 8
	spans := head + 1 + 1 + name + 1 + 8 // where their number is
	for want, damage := range map[string]func(b []byte) []byte{
		"does not begin with JSBA":                     func(b []byte) []byte { b[0] = 'X'; return b },
		"version 2, want 3":                            func(b []byte) []byte { b[4] = 2; return b },
		"the number of kinds is damaged":               func(b []byte) []byte { b[head] = 99; return b },
		"kind 1 of 1: the number of bytes of its name": func(b []byte) []byte { b[head+1] = 120; return b },
		`byte 16: kind "the kind": doubt is 7`:         func(b []byte) []byte { b[head+2+name] = 7; return b },
		`kind "the kind": change is NaN`:               func(b []byte) []byte { copy(b[spans-2:], "\xff\xff"); return b },
		`kind "the kind": the number of spans`:         func(b []byte) []byte { b[spans] = 100; return b },
		`kind "the kind": span 1 of 1 cannot be: -`:    func(b []byte) []byte { b[spans+4] |= 0x80; return b },
		"1 bytes too many":                             func(b []byte) []byte { return append(b, 0) },
	} {
		body := damage(append([]byte(nil), data[:len(data)-checksumSize]...))
		err := New().UnmarshalBinary(binary.LittleEndian.AppendUint32(body, crc32.ChecksumIEEE(body)))
		assert.ErrorContains(t, err, want)
	}
	data[len(data)-1] ^= 1
	require.ErrorContains(t, New().UnmarshalBinary(data), "the checksum does not match")
}

// checkPolls checks that a Learner waits within its bounds, whatever it has loaded.
func checkPolls(t *testing.T, a *Learner) {
	t.Helper()
	for _, kind := range []string{"", "two sorts", "uniform"} {
		for _, p := range []backoff.Poll{
			{}, {Elapsed: time.Second, Progress: 0.4}, {Elapsed: time.Hour, Progress: 0.95}, {Elapsed: math.MaxInt64, Progress: 1},
			{Elapsed: time.Minute, Previous: math.MaxInt64, Err: io.EOF}, {Elapsed: time.Second, Attempt: math.MaxInt, Waited: math.MaxInt64},
		} {
			p.Kind = kind
			if wait := a.Next(p); wait < leastWait {
				t.Fatalf("waits %v: %+v", wait, p)
			}
			if rank := a.Rank(p, time.Minute); math.IsNaN(rank) {
				t.Fatalf("a rank that has no order: %+v", p)
			}
		}
	}
}

// withSum appends the checksum that makes a body a state.
func withSum(body []byte) []byte {
	return binary.LittleEndian.AppendUint32(bytes.Clone(body), crc32.ChecksumIEEE(body))
}

// Whatever a state holds, it is refused as a whole, or it is loaded. What the Learner saves then
// can be loaded again, also if it was merged.
func FuzzLearnerUnmarshalBinary(f *testing.F) {
	data, err := experienced(3).MarshalBinary()
	require.NoError(f, err)
	many, err := experienced(30).MarshalBinary()
	require.NoError(f, err)
	extreme := progress{{n: maxReports, mean: meanTop, variance: meanTop * meanTop}, {n: 1e-30, mean: meanTop}, {n: 6, mean: 1e-30}}
	bodies := [][]byte{data[:len(data)-checksumSize], many[:len(many)-checksumSize]}
	for _, s := range []state{
		{name: "uniform", spans: []span{{0, 1e-30}, {maxSeconds, forever}, {1, 1}}, progress: &extreme},
		{name: "uniform", doubt: true, change: changeTop, progress: &progress{{n: 7, variance: meanTop * meanTop}}},
	} {
		bodies = append(bodies, s.encode(header(1)))
	}
	for _, body := range bodies {
		for _, other := range bodies {
			f.Add(body, other)
		}
	}
	f.Fuzz(func(t *testing.T, body, other []byte) {
		saved := withSum(body)
		a := New(Kinds(3))
		if err := a.UnmarshalBinary(saved); err != nil {
			if len(a.kinds.all) > 0 {
				t.Fatal("an error, and a history")
			}
			return
		}
		checkPolls(t, a)
		a.Observe(backoff.Outcome{Kind: "uniform", Key: "1", Before: time.Second, After: time.Second, Ended: true, Marks: []backoff.Mark{{Age: 1, Progress: 0.01}}})
		checkPolls(t, a)
		again, err := a.MarshalBinary()
		require.NoError(t, err)
		require.NoError(t, New().UnmarshalBinary(again))
		merged, err := Merge(again, saved, withSum(other), saved)
		if err != nil {
			require.ErrorContains(t, err, "state 3 of 4")
			return
		}
		b := New()
		require.NoError(t, b.UnmarshalBinary(merged))
		checkPolls(t, b)
	})
}
