package rpc

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnEndpointIsTakenApart(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		endpoint Endpoint
		target   string
	}{
		"https://h":                {Endpoint{"https://h", "", ""}, "/"},
		"https://h/":               {Endpoint{"https://h", "/", ""}, "/"},
		"https://h:8/a/b/?x=1&y=%": {Endpoint{"https://h:8", "/a/b/", "x=1&y=%"}, "/a/b/?x=1&y=%"},
		"https://h?x=1":            {Endpoint{"https://h", "", "x=1"}, "/?x=1"},
		"https://h/a%2Fb":          {Endpoint{"https://h", "/a%2Fb", ""}, "/a%2Fb"},
		"http://me:pw@h/a":         {Endpoint{"http://me:pw@h", "/a", ""}, "/a"},
		"h":                        {Endpoint{"", "h", ""}, "h"}, // the base URL is refused by package rest
	} {
		got, err := ParseEndpoint(text)
		require.NoError(t, err, text)
		assert.Equal(t, want.endpoint, got, text)
		assert.Equal(t, want.target, got.Target(), text)
	}
}

// fault 44
func TestAnEndpointThatIsRefusedIsNotQuoted(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"http://me:s3cret@h/#x", "http://me:s3cret@h/\x7f", "http://me:s3cret@h:x", "http://me:s3cret@[::1", "http://h/#s3cret"} {
		got, err := ParseEndpoint(text)
		require.Error(t, err, text)
		assert.Zero(t, got)
		assert.NotContains(t, err.Error(), "s3cret")
	}
}

func FuzzEndpoint(f *testing.F) {
	for _, text := range []string{"https://h", "https://me:pw@h:8/a%2Fb/?x=1", "HTTP://[::1]/?", "h/a?b", "//h", "mailto:a@b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		to, err := ParseEndpoint(text)
		if err != nil {
			assert.Zero(t, to)
			return
		}
		want, err := url.Parse(text)
		require.NoError(t, err)
		if want.Scheme == "" || want.Host == "" {
			return // package rest refuses the base URL
		}
		again, err := url.Parse(to.Base + to.Target())
		require.NoError(t, err)
		assert.Equal(t, want.Host, again.Host)
		assert.Equal(t, want.User.String(), again.User.String())
		assert.Equal(t, want.RawQuery, again.RawQuery)
		if want.Path != "" {
			assert.Equal(t, want.EscapedPath(), again.EscapedPath())
		}
	})
}
