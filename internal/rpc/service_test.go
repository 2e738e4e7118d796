package rpc

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

func TestEachClientSpeaksItsDialect(t *testing.T) {
	t.Parallel()
	other := example()
	other.State = "result.phase"
	over := answering{200, `{"result":{"id":"7","state":"on","phase":"new"}}`}
	clients, err := Service{Base: "http://h"}.Clients(Route{example(), over}, Route{other, over})
	require.NoError(t, err)
	require.Len(t, clients, 2)
	for i, want := range []transport.State{transport.Running, transport.Unknown} {
		st, err := clients[i].Status(t.Context(), "7")
		require.NoError(t, err)
		assert.Equal(t, want, st.State)
	}
}

func TestADialectAndARoundTripperOfTheUserHaveNoEffect(t *testing.T) {
	t.Parallel()
	own := Route{example(), answering{200, `{"result":{"id":"7","state":"on"}}`}}
	service := Service{Base: "http://h",
		Options: []rest.Option{rest.WithDialect(rest.Dialect{}), rest.WithRoundTripper(answering{500, ``}), rest.WithMaxBody(100)}}
	clients, err := service.Clients(own)
	require.NoError(t, err)
	_, err = clients[0].Status(t.Context(), "7")
	require.NoError(t, err)

	service.Options = append(service.Options, rest.WithMaxBody(10))
	clients, err = service.Clients(own)
	require.NoError(t, err)
	_, err = clients[0].Status(t.Context(), "7")
	require.Error(t, err, "the bound of the user is kept")
}

// fault 32
func TestWhatAClientRefusesIsAnError(t *testing.T) {
	t.Parallel()
	for _, s := range []Service{{Base: "ftp://h"}, {Base: "http://h", Options: []rest.Option{rest.WithRetries(99)}}} {
		clients, err := s.Clients(Route{Dialect: example()})
		require.Error(t, err)
		assert.Nil(t, clients)
	}
}
