package rpc

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

func TestWhatIsToldIsReadAsAnAnswerIs(t *testing.T) {
	t.Parallel()
	made := 0
	r := NewReader(func() rest.Dialect { made++; return example() })
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			st, err := r.Read([]byte(`{"result":{"id":"7","state":"on"}}`), "7")
			assert.NoError(t, err)
			assert.Equal(t, transport.Status{ID: "7", State: transport.Running, Raw: "on"}, st)
		})
	}
	wg.Wait()
	assert.Equal(t, 1, made)
	for _, text := range []string{``, `{`, `{"result":{"id":"8","state":"on"}}`, `{"result":{"id":"7"}}`} {
		_, err := r.Read([]byte(text), "7")
		require.ErrorIs(t, err, transport.ErrMalformed, text)
	}
	_, err := r.Read([]byte(`{"error":{"code":-1}}`), "7")
	require.Error(t, err)
}

func TestAReaderOfABadDialectSaysSo(t *testing.T) {
	t.Parallel()
	r := NewReader(func() rest.Dialect { return rest.Dialect{State: "["} })
	for range 2 {
		_, err := r.Read([]byte(`{}`), "7")
		require.Error(t, err)
	}
}

func TestWithoutATextNothingIsRead(t *testing.T) {
	t.Parallel()
	_, err := told{}.RoundTrip(httptest.NewRequest(http.MethodPost, "http://h/", nil))
	require.ErrorIs(t, err, errNotTold)
}
