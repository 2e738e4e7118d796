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

// Fault 45: whatever an id is, it is refused or leads to the base URL's origin.
func FuzzIDs(f *testing.F) {
	for _, t := range tickets {
		id, _ := t.Encode(nil)
		f.Add(id, "", "", "")
		f.Add(prefix, string(t.Kind), t.Poll, t.Final)
	}
	f.Add("lro2.x", "loc", "//elsewhere.example.com", "http://me@api.example.com/")
	f.Add("lro1.", "loc", `/\elsewhere.example.com`, "http:api.example.com")
	c := reach()
	f.Fuzz(func(t *testing.T, id, k, poll, final string) {
		ids := []string{id}
		if made, err := (Ticket{Kind: Kind(k), Poll: poll, Final: final}).Encode(nil); err == nil {
			ids = append(ids, made)
		}
		for _, id := range ids {
			ticket, err := c.Open(id, nil)
			if err != nil {
				continue
			}
			again, err := ticket.Encode(nil)
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
	})
}
