package web_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/internal/web"
)

func zip(t testing.TB, content []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(content)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.Bytes()
}

// counted counts what is read of it.
type counted struct {
	io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

func TestIsZippedKnowsGzipAlone(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{"gzip": true, "GZIP": true, "x-gzip": true, "br": false, "gzip, gzip": true, "gzip,x-gzip": true, "gzip, gzip, gzip": false, "gzip, br": false, "br, gzip": false, "": false,
		"gzip,": true, ", gzip": true, "gzip, identity": true, "Identity,gzip": true, "identity": false, ",": false, "gzip, identity, gzip, gzip": false} {
		assert.Equal(t, want, web.IsZipped(http.Header{"Content-Encoding": {value}}), value)
	}
	assert.False(t, web.IsZipped(nil))
	assert.True(t, web.IsZipped(twice))
}

// fault 20, fault 60
func TestUnzipBoundsWhatStandsOnTheWire(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	empty := zip(t, nil)
	for name, body := range map[string]io.Reader{
		"members that hold nothing": &repeat{bytes.Clone(empty)},
		"what follows has no end":   io.MultiReader(bytes.NewReader(empty), &repeat{[]byte{0}}),
		"blocks that hold nothing":  io.MultiReader(bytes.NewReader(empty[:10]), &repeat{[]byte{0, 0, 0, 0xff, 0xff}}),
	} {
		wire := &counted{Reader: body}
		u := web.NewUnzip(once, wire, limit)
		n, err := io.Copy(io.Discard, u)
		assert.Error(t, err, name)
		assert.True(t, u.IsTooLong(), name)
		assert.Zero(t, n, name)
		assert.LessOrEqual(t, wire.n, limit+limit/100+8<<10, name)
		u.Release()
	}
}

// repeat is a text without an end.
type repeat struct{ text []byte }

func (r *repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r.text[0]
		r.text = append(r.text[1:], r.text[0])
	}
	return len(p), nil
}

func TestUnzipReadsWhatDoesNotCompress(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	noise := make([]byte, limit)
	for i, x := 0, uint32(1); i < len(noise); i++ {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	u := web.NewUnzip(once, bytes.NewReader(zip(t, noise)), limit)
	defer u.Release()
	got, err := io.ReadAll(u)
	require.NoError(t, err)
	assert.Equal(t, noise, got)
	assert.False(t, u.IsTooLong())
}

func FuzzUnzipReadsWhatWasZippedOrWasNot(f *testing.F) {
	f.Add([]byte("{}"), 1)
	f.Add([]byte(""), 0)
	f.Add([]byte("\x1f"), 3)
	f.Fuzz(func(t *testing.T, content []byte, cut int) {
		read := func(body []byte) ([]byte, error) {
			u := web.NewUnzip(once, bytes.NewReader(body), 1<<20)
			defer u.Release()
			return io.ReadAll(u)
		}
		zipped := zip(t, content)
		got, err := read(zipped)
		require.NoError(t, err)
		require.Equal(t, content, append([]byte{}, got...))
		got, err = read(append(zipped, zipped...))
		require.NoError(t, err, "two members")
		require.Equal(t, append(content[:len(content):len(content)], content...), append([]byte{}, got...))
		if !bytes.HasPrefix(content, []byte("\x1f\x8b")) {
			got, err = read(content)
			require.NoError(t, err, "it was not zipped")
			require.Equal(t, content, append([]byte{}, got...))
			got, err = read(append(zipped[:len(zipped):len(zipped)], content...))
			require.NoError(t, err, "what follows it is no member")
			require.Equal(t, content, append([]byte{}, got...))
		}
		if n := len(zipped); cut > 2 && cut < n {
			_, err = read(zipped[:cut])
			require.Error(t, err)
		}
	})
}

var (
	once  = http.Header{"Content-Encoding": {"gzip"}}
	twice = http.Header{"Content-Encoding": {"gzip", "gzip"}}
)

// fault 20, fault 60: a proxy compresses what was compressed.
func TestUnzipReadsWhatIsCompressedTwice(t *testing.T) {
	t.Parallel()
	const limit = 1 << 16
	text := bytes.Repeat([]byte("half way "), 1000)
	read := func(wire io.Reader) ([]byte, bool, error) {
		u := web.NewUnzip(twice, wire, limit)
		defer u.Release()
		all, err := io.ReadAll(u)
		return all, u.IsTooLong(), err
	}
	for name, body := range map[string][]byte{
		"twice": zip(t, zip(t, text)), "once, for a proxy took off a layer": zip(t, text), "not at all": text,
		"twice, in members": slices.Concat(zip(t, zip(t, text[:9])), zip(t, zip(t, text[9:]))),
	} {
		all, tooLong, err := read(bytes.NewReader(body))
		require.NoError(t, err, name)
		assert.False(t, tooLong, name)
		assert.Equal(t, text, all, name)
	}
	empty := zip(t, nil)
	for name, wire := range map[string]io.Reader{
		"nothing, again and again":     &repeat{bytes.Clone(empty)},
		"a bomb within":                bytes.NewReader(zip(t, bytes.Repeat(empty, 1<<13))),
		"a bomb that holds text":       bytes.NewReader(zip(t, make([]byte, 1<<24))),
		"what follows within, endless": bytes.NewReader(zip(t, slices.Concat(empty, make([]byte, 1<<24)))),
	} {
		counting := &counted{Reader: wire}
		_, tooLong, err := read(counting)
		assert.Error(t, err, name)
		assert.True(t, tooLong, name)
		assert.Less(t, counting.n, 2*limit, name)
	}
}
