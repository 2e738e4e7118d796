package lro

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
)

var key = bytes.Repeat([]byte("k"), 24)

var tickets = []Ticket{
	{Kind: Async, Poll: "/op?t=1", Final: "/r"},
	{Kind: OpVia, Poll: "/op", Final: Unusable},
	{Kind: Loc, Poll: "http://allowed.example.com/op"},
	{Kind: Body, Word: Failed},
	{Kind: Loc, Word: Succeeded, Final: "/made"},
}

func TestAnIDHoldsItsTicket(t *testing.T) {
	t.Parallel()
	for _, k := range [][]byte{nil, key} {
		for _, want := range tickets {
			id, err := want.Encode(k)
			require.NoError(t, err)
			got, err := Decode(id, k)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		}
	}
}

func reach() *Reach {
	return &Reach{Base: &url.URL{Scheme: "http", Host: "api.example.com"}}
}

// Fault 45: an id that was edited anywhere is refused before any request, and the error says so.
func TestAnIDThatWasEditedIsRefused(t *testing.T) {
	t.Parallel()
	for _, k := range [][]byte{nil, key} {
		id, err := Ticket{Kind: Async, Poll: "/op?t=1", Final: "/r"}.Encode(k)
		require.NoError(t, err)
		for i := range len(id) {
			for _, to := range []byte("Aa0_-!.\n") {
				if id[i] == to {
					continue
				}
				_, err := reach().Open(id[:i]+string(to)+id[i+1:], k)
				require.ErrorIs(t, err, transport.ErrInvalidID, "%d %q", i, to)
			}
		}
		for _, edited := range []string{id[:len(id)-1], id + "A", id + "=", prefix, prefix + "!", prefix + strings.Repeat("A", 100)} {
			_, err := reach().Open(edited, k)
			require.ErrorIs(t, err, transport.ErrInvalidID)
			assert.ErrorContains(t, err, "edited")
		}
	}
}

// Fault 45: the error says what is wrong with an id.
func TestAnIDThatIsNoneOfOursIsRefused(t *testing.T) {
	t.Parallel()
	plain, _ := Ticket{Kind: Loc, Poll: "/op"}.Encode(nil)
	signed, _ := Ticket{Kind: Loc, Poll: "/op"}.Encode(key)
	other, _ := Ticket{Kind: Loc, Poll: "/op"}.Encode(bytes.Repeat([]byte("x"), 24))
	elsewhere, _ := Ticket{Kind: Loc, Poll: "http://elsewhere.example.com/op"}.Encode(key)
	result, _ := Ticket{Kind: Async, Poll: "/op", Final: "http://api.example.com:81/r"}.Encode(key)
	name, _ := Ticket{Kind: Loc, Poll: "http://me@api.example.com/op"}.Encode(key)
	dots, _ := Ticket{Kind: Loc, Poll: "/a/../op"}.Encode(key)
	relative, _ := Ticket{Kind: Loc, Poll: "op"}.Encode(key)
	kindless, _ := Ticket{Kind: "x", Poll: "/op"}.Encode(key)
	wordless, _ := Ticket{Kind: Loc, Word: "Frobnicated", Poll: ""}.Encode(key)
	var bare, signing []byte = nil, key
	for _, c := range []struct {
		key  []byte
		id   string
		want string
	}{
		{bare, "7f3c", "foreign"}, {bare, "lro.x", "foreign"}, {bare, "lro0.x", "foreign"}, {bare, "lro1x", "foreign"}, {bare, "", "empty"},
		{bare, "lro2.AAAA", "too new: version 2"}, {bare, "lro12." + strings.Repeat("A", 99), "too new: version 12"},
		{bare, strings.Repeat("x", 20000), "16384"}, {bare, signed, "no key"}, {signing, plain, "not signed"}, {signing, other, "another key"},
		{signing, elsewhere, `"http://elsewhere.example.com" is another origin`}, {signing, result, "another origin"}, {signing, name, "user name"},
		{signing, dots, "segment"}, {signing, relative, "does not parse"}, {signing, kindless, "edited"}, {signing, wordless, "edited"},
	} {
		_, err := reach().Open(c.id, c.key)
		require.ErrorIs(t, err, transport.ErrInvalidID, "%.40s", c.id)
		assert.ErrorContains(t, err, c.want)
	}
}

func TestTwoSlashesBeginAPath(t *testing.T) {
	t.Parallel()
	u, err := reach().Resolve("//elsewhere.example.com/x")
	require.NoError(t, err)
	assert.Equal(t, "api.example.com", u.Host)
	assert.Equal(t, "//elsewhere.example.com/x", u.RequestURI())
}

// checkOpen checks that an id which is opened is the one that its ticket has, and leads to the base
// URL's origin alone.
func checkOpen(t *testing.T, c *Reach, id string, k []byte) {
	t.Helper()
	ticket, err := c.Open(id, k)
	if err != nil {
		require.ErrorIs(t, err, transport.ErrInvalidID)
		return
	}
	again, err := ticket.Encode(k)
	require.NoError(t, err)
	require.Equal(t, id, again)
	for _, ref := range []string{ticket.Poll, ticket.Final} {
		if u, err := c.Resolve(ref); err == nil {
			require.Equal(t, "api.example.com", u.Host)
			require.Nil(t, u.User)
			r, err := http.NewRequest(http.MethodGet, u.String(), nil)
			require.NoError(t, err)
			require.Equal(t, "api.example.com", r.URL.Host, ref)
		}
	}
}

// Fault 45: whatever an id is, it is refused or leads to the base URL's origin. With a key, only an
// id that was signed with it is opened, and without a key none that is signed.
func FuzzIDs(f *testing.F) {
	for _, t := range tickets {
		for _, k := range [][]byte{nil, key} {
			id, _ := t.Encode(k)
			f.Add(id, "", "", "")
			f.Add(id, string(t.Kind), t.Word, id[:len(id)-1]+"A")
		}
		f.Add(prefix, string(t.Kind), t.Poll, t.Final)
	}
	f.Add("lro2.x", "loc", "//elsewhere.example.com", "http://me@api.example.com/")
	f.Add("lro1.", "loc", `/\elsewhere.example.com`, "http:api.example.com")
	c := reach()
	f.Fuzz(func(t *testing.T, id, k, poll, final string) {
		own := map[string]bool{} // what this test has signed; the seeds are signed, too
		for _, seed := range tickets {
			made, _ := seed.Encode(key)
			own[made] = true
		}
		for _, word := range []string{"", Failed} {
			ticket := Ticket{Kind: Kind(k), Word: word, Poll: poll, Final: final}
			signed, err := ticket.Encode(key)
			if err != nil {
				continue
			}
			own[signed] = true
			bare, err := ticket.Encode(nil)
			require.NoError(t, err)
			checkOpen(t, c, signed, key)
			checkOpen(t, c, bare, nil)
			for made, other := range map[string][]byte{signed: nil, bare: key} {
				_, err = c.Open(made, other)
				require.ErrorIs(t, err, transport.ErrInvalidID)
			}
			_, err = c.Open(signed, bytes.Repeat([]byte("x"), 24))
			require.ErrorIs(t, err, transport.ErrInvalidID)
		}
		checkOpen(t, c, id, nil)
		checkOpen(t, c, id, key)
		if _, err := Decode(id, key); err == nil {
			require.True(t, own[id], "nobody signed it")
		}
	})
}
