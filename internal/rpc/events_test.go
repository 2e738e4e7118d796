package rpc

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// all returns the data of all events of a stream, and the error at its end.
func all(stream io.Reader, most int) (events []string, err error) {
	e := newEvents(stream, most)
	for {
		data, err := e.Next()
		if err != nil {
			return events, err
		}
		events = append(events, string(data))
	}
}

func TestEventsAreReadAsTheStandardSays(t *testing.T) {
	t.Parallel()
	for stream, want := range map[string][]string{
		"":                                      nil,
		"data: a\n\n":                           {"a"},
		"data:a\r\n\r\ndata:  b\r\rdata: c\n\n": {"a", " b", "c"},
		"data: a\ndata: b\ndata\ndata:\n\n":     {"a\nb\n\n"},
		"\xef\xbb\xbfdata: a\n\n":               {"a"},
		"data: \xef\xbb\xbfa\n\n":               {"\xef\xbb\xbfa"},
		": note\nid: 1\nevent: x\nretry: 5\ndata: a\n\n": {"a"},
		"event: x\n\ndata:\n\ndata: b\n\n":               {"b"},
		"data: a\r\ndata: b\r\n\r\n":                     {"a\nb"},
		"data: a":                                        nil,
		"data: a\n":                                      nil,
		"data: a\n\ndata: b\n":                           {"a"},
		"Data: a\ndatas: b\n data: c\n\n":                nil,
	} {
		got, err := all(strings.NewReader(stream), 100)
		assert.Equal(t, want, got, "%q", stream)
		require.ErrorIs(t, err, io.EOF)
		got, _ = all(iotest.OneByteReader(strings.NewReader(stream)), 100)
		assert.Equal(t, want, got, "%q", stream)
	}
	broken := errors.New("broken")
	_, err := all(io.MultiReader(strings.NewReader("data: a\n"), iotest.ErrReader(broken)), 100)
	require.ErrorIs(t, err, broken)
}

// fault 47: a line without end takes no memory. The test is not parallel, because it counts
// what is allocated.
func TestALongEventIsCut(t *testing.T) {
	got, _ := all(strings.NewReader("data: "+strings.Repeat("x", 1000)+"\n\ndata: b\n\n"), 10)
	assert.Equal(t, []string{strings.Repeat("x", 11), "b"}, got)
	got, _ = all(strings.NewReader(strings.Repeat("data: xxx\n", 1000)+"\n"), 10)
	assert.Equal(t, []string{"xxx\nxxx\nxxx"}, got)
	endless := io.LimitReader(iotest.DataErrReader(repeat('x')), 8<<20)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _ = all(endless, 1000)
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}

// repeat is an endless line.
type repeat byte

func (r repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r)
	}
	return len(p), nil
}

func FuzzEvents(f *testing.F) {
	f.Add("data: a\r\ndata: b\r\n\r\n", 10)
	f.Add("\xef\xbb\xbfdata\n\n:\rdata: "+strings.Repeat("x", 40)+"\n\n", 7)
	f.Fuzz(func(t *testing.T, stream string, most int) {
		most = max(0, most%100)
		events, err := all(strings.NewReader(stream), most)
		require.ErrorIs(t, err, io.EOF)
		for _, e := range events {
			assert.LessOrEqual(t, len(e), most+1)
			assert.NotEmpty(t, e)
		}
		again, _ := all(iotest.OneByteReader(strings.NewReader(stream)), most)
		assert.Equal(t, events, again)
	})
}
