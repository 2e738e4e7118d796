package eventstream

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

// decode returns the events of a text as "id|kind|data", and what the decoder ended with.
func decode(r io.Reader, limit int, id string) (events []string, d *Decoder, err error) {
	d = NewDecoder(r, limit, id)
	for {
		e, err := d.Next()
		if err != nil {
			return events, d, err
		}
		events = append(events, e.ID+"|"+e.Kind+"|"+string(e.Data))
	}
}

// This is fault 47: the rules of the HTML standard, and its examples among them.
func TestAStreamIsReadAsTheHTMLStandardSays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text  string
		want  []string
		id    string
		retry time.Duration
	}{
		"lines of data":           {"data: YHOO\ndata: +2\ndata: 10\n\n", []string{"||YHOO\n+2\n10"}, "", -1},
		"ids and a comment":       {": test stream\n\ndata: first\nid: 1\n\ndata:second\nid\n\ndata:  third\n\n", []string{"1||first", "||second", "|| third"}, "", -1},
		"empty data":              {"data\n\ndata\ndata\n\ndata:", []string{"||", "||\n"}, "", -1},
		"one space is left out":   {"data:test\n\ndata: test\n\ndata:  test\n\n", []string{"||test", "||test", "|| test"}, "", -1},
		"a type for one event":    {"event: a\ndata: 1\n\ndata: 2\n\nevent: b\n\ndata: 3\n\n", []string{"|a|1", "||2", "||3"}, "", -1},
		"an id stays":             {"id: 7\ndata: 1\n\ndata: 2\n\n", []string{"7||1", "7||2"}, "7", -1},
		"an id without an event":  {"id: 8\n\n", nil, "8", -1},
		"an id that is cut off":   {"id: 8\ndata: 1\n\nid: 9\ndata: 2\n", []string{"8||1"}, "8", -1},
		"an id with NUL":          {"id: 8\nid: 9\x00\ndata: 1\n\n", []string{"8||1"}, "8", -1},
		"CR":                      {"data: 1\rid: 2\r\rdata: 3\r\r", []string{"2||1", "2||3"}, "2", -1},
		"CRLF":                    {"data: 1\r\nid: 2\r\n\r\ndata: 3\r\n\r\n", []string{"2||1", "2||3"}, "2", -1},
		"all ends of lines":       {"data: 1\r\ndata: 2\rdata: 3\n\r\n", []string{"||1\n2\n3"}, "", -1},
		"a byte order mark":       {"\xef\xbb\xbfdata: 1\n\n", []string{"||1"}, "", -1},
		"two byte order marks":    {"\xef\xbb\xbf\xef\xbb\xbfdata: 1\n\n", nil, "", -1},
		"half a byte order mark":  {"\xef\xbbdata: 1\n\ndata: 2\n\n", []string{"||2"}, "", -1},
		"unknown fields":          {"data : 1\nDATA: 2\nx\n: y\ndata: 3\n\n", []string{"||3"}, "", -1},
		"retry":                   {"retry: 2500\n\n", nil, "", 2500 * time.Millisecond},
		"retry 0":                 {"retry: 0\n", nil, "", 0},
		"retry -1":                {"retry: -1\n", nil, "", -1},
		"retry with a fraction":   {"retry: 1.5\nretry:\nretry: 1e3\nretry: +1000\n", nil, "", -1},
		"the largest int64":       {"retry: 9223372036854775807\n", nil, "", longest},
		"more than the largest":   {"retry: 99999999999999999999999999\n", nil, "", longest},
		"retry of a day":          {"retry: 86400000\n", nil, "", longest},
		"the newest retry counts": {"retry: 1000\nretry: 2000\n", nil, "", 2 * time.Second},
		"nothing":                 {"", nil, "", -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, r := range []io.Reader{strings.NewReader(c.text), iotest.OneByteReader(strings.NewReader(c.text)), iotest.DataErrReader(strings.NewReader(c.text))} {
				events, d, err := decode(r, 1000, "")
				assert.ErrorIs(t, err, io.EOF)
				assert.Equal(t, c.want, events)
				assert.Equal(t, c.id, d.ID)
				assert.Equal(t, c.retry, d.Retry)
			}
		})
	}
}

// This is fault 47: what has no end is cut off.
func TestAnEventOrALineThatIsTooLongEndsTheStream(t *testing.T) {
	t.Parallel()
	const limit = 1000
	line := "data: " + strings.Repeat("x", 90) + "\n"
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"a line without an end":    {"data: " + strings.Repeat("x", limit+1), ErrTooLarge},
		"a comment without an end": {":" + strings.Repeat("x", limit+6), ErrTooLarge},
		"an event without an end":  {strings.Repeat(line, 12), ErrTooLarge},
		"a type that is long":      {"event: " + strings.Repeat("x", limit-10) + "\n" + line, ErrTooLarge},
		"a line that fits":         {"data: " + strings.Repeat("x", limit) + "\n\n", io.EOF},
		"a line without a space":   {"data:" + strings.Repeat("x", limit+1) + "\n\n", ErrTooLarge},
		"an event that fits":       {strings.Repeat(line, 10) + "\n", io.EOF},
		"many comments":            {strings.Repeat(": ping\n", limit), io.EOF},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, d, err := decode(strings.NewReader(c.text), limit, "")
			assert.ErrorIs(t, err, c.want)
			assert.LessOrEqual(t, cap(d.data)+cap(d.line), 8*limit)
		})
	}
}

func TestAnEventIsReadBeforeWhatFollowsIt(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"data: 1\n\n", "data: 1\r\r", "data: 1\r\n\r"} {
		r, w := io.Pipe()
		go func() { _, _ = io.WriteString(w, text) }()
		e, err := NewDecoder(r, 100, "").Next()
		assert.NoError(t, err)
		assert.Equal(t, "1", string(e.Data))
		_ = r.Close()
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		end := rapid.SampledFrom([]string{"\n", "\r", "\r\n"})
		word := rapid.StringMatching(`[a-z :\x{e9}]{0,20}`)
		var b strings.Builder
		var want []string
		id := ""
		for range rapid.IntRange(0, 10).Draw(t, "events") {
			lines := rapid.SliceOfN(word, 1, 4).Draw(t, "lines")
			kind := rapid.StringMatching(`[a-z]{0,5}`).Draw(t, "kind")
			if rapid.Bool().Draw(t, "has id") {
				id = rapid.StringMatching(`[a-z0-9]{0,5}`).Draw(t, "id")
				b.WriteString("id: " + id + end.Draw(t, "end"))
			}
			b.WriteString("event: " + kind + end.Draw(t, "end"))
			for _, line := range lines {
				b.WriteString("data: " + line + end.Draw(t, "end"))
			}
			b.WriteString(": comment\n" + end.Draw(t, "end"))
			want = append(want, id+"|"+kind+"|"+strings.Join(lines, "\n"))
		}
		got, _, err := decode(strings.NewReader(b.String()), 1000, "")
		assert.ErrorIs(t, err, io.EOF)
		assert.Equal(t, want, got)
	})
}

// readWhole returns what section 9.2.6 of the HTML standard reads in a whole text, whose lines it
// cuts at once.
func readWhole(text string) (events []string, id string, retry time.Duration) {
	var data, kind, nextID string
	retry = -1
	lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(text, "\ufeff")), "\n")
	for _, line := range lines[:len(lines)-1] { // the end of the text cuts the last one off
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "":
			if id = nextID; data != "" {
				events = append(events, id+"|"+kind+"|"+strings.TrimSuffix(data, "\n"))
			}
			data, kind = "", ""
		case name == "data":
			data += value + "\n"
		case name == "event":
			kind = value
		case name == "id" && !strings.Contains(value, "\x00"):
			nextID = value
		case name == "retry" && value != "" && strings.Trim(value, "0123456789") == "":
			retry = longest
			if d, err := time.ParseDuration(value + "ms"); err == nil {
				retry = min(d, longest)
			}
		}
	}
	return events, id, retry
}

func FuzzDecoder(f *testing.F) {
	f.Add([]byte("\xef\xbb\xbfid: 1\r\nevent: a\rdata: x\n\nretry: 9223372036854775807\n\n"))
	f.Add([]byte("id: \x00\n\ndata\n\n:\n"))
	f.Add([]byte("event: a\n\ndata:  1\r\r\ndata: 2\nid\r\n\ndata: 3\n" + strings.Repeat("data: x\n", 90)))
	f.Fuzz(func(t *testing.T, text []byte) {
		const limit = 256
		events, d, err := decode(bytes.NewReader(text), limit, "")
		slow, e, slowErr := decode(iotest.OneByteReader(bytes.NewReader(text)), limit, "")
		assert.Equal(t, events, slow)
		assert.Equal(t, err, slowErr)
		assert.Equal(t, d.ID, e.ID)
		assert.Equal(t, d.Retry, e.Retry)
		want, id, retry := readWhole(string(text))
		if err == io.EOF {
			assert.Equal(t, want, events)
			assert.Equal(t, id, d.ID)
			assert.Equal(t, retry, d.Retry)
		} else {
			assert.ErrorIs(t, err, ErrTooLarge)
			assert.Greater(t, len(text), limit)
			assert.True(t, slices.Equal(want[:min(len(events), len(want))], events), "those before the one that is too large")
		}
		for _, e := range events {
			assert.LessOrEqual(t, len(e), 3*limit)
		}
	})
}

// Whoever reads an event that is too large sees as much as shows that it is.
func TestOfAnEventThatIsTooLargeTheDataIsCut(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"data: " + strings.Repeat("x", 1000) + "\n\n": strings.Repeat("x", 11), "data:" + strings.Repeat("x", 1000): strings.Repeat("x", 12),
		strings.Repeat("data: xxx\n", 100): "xxx\nxxx\nxxx", ":" + strings.Repeat("x", 1000): "",
	} {
		e, err := NewDecoder(strings.NewReader(text), 10, "").Next()
		assert.ErrorIs(t, err, ErrTooLarge)
		assert.Equal(t, want, string(e.Data))
	}
}
