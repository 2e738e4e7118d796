package exchange

import (
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Fault 43: the default pool refuses private addresses, except for the base URL and the addresses
// that the user has configured.
func TestTheDefaultPoolIsGuarded(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	at := l.Addr().String()
	for _, c := range []struct {
		base    string
		origins []string
		refused bool
	}{
		{"http://api.example.com", nil, true}, {"http://api.example.com", []string{"http://files.example.com"}, true},
		{"http://" + at, nil, false}, {"http://api.example.com", []string{"http://" + at}, false},
	} {
		cfg := NewConfig(Defaults{Name: "x", Connections: 1})
		cfg.Origins = c.origins
		s := cfg.Settings(c.base)
		require.NoError(t, cfg.Err())
		s.MayHold()
		for _, pool := range []*http.Transport{s.pool, s.holder, s.patient} {
			conn, err := pool.DialContext(t.Context(), "tcp", at)
			if c.refused {
				require.ErrorContains(t, err, "a private address that was not configured")
				continue
			}
			require.NoError(t, err)
			assert.NoError(t, conn.Close())
		}
	}
}

func TestAnOptionThatNobodyTakesIsAnError(t *testing.T) {
	t.Parallel()
	cfg := NewConfig(Defaults{Name: "x"})
	Apply(cfg, []func(*Config){func(c *Config) { c.Put("mine", 1); c.Put("theirs", 2) }, nil})
	assert.Equal(t, 1, cfg.Take("mine"))
	assert.Nil(t, cfg.Take("mine"))
	assert.EqualError(t, cfg.Err(), "x: option 1 is nil\nx: theirs: is an option of another package")
}

func TestARequestOfTheCallersIsTakenOver(t *testing.T) {
	t.Parallel()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://h/a?b=c#d", nil)
	require.NoError(t, err)
	r.Header = http.Header{"Connection": {"close"}, "x-b": {"1", "2"}, "Content-Type": {"text/plain"}, "A": {"3"}}
	q, err := NewRequest(r, 1)
	require.NoError(t, err)
	assert.Equal(t, "http://h/a?b=c", q.URL.String())
	assert.Equal(t, []string{"A", "3", "X-B", "1, 2"}, q.Header)
	assert.Equal(t, "text/plain", q.Type)
	assert.Equal(t, "PUT http://h/a", q.String())
}
