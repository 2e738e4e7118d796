package fleet

import (
	"net"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// serveDomain starts a server with JetStream in a domain.
func serveDomain(t *testing.T, domain string, opts server.Options) *server.Server {
	t.Helper()
	opts.ServerName, opts.JetStreamDomain = domain, domain
	opts.DontListen, opts.JetStream, opts.StoreDir, opts.NoLog, opts.NoSigs = true, true, t.TempDir(), true, true
	s, err := server.NewServer(&opts)
	require.NoError(t, err)
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	require.True(t, s.ReadyForConnections(10*time.Second))
	return s
}

// The processes are connected to a leaf node, and the fleet is stored in the domain of its hub.
func TestAFleetIsStoredInAnotherDomain(t *testing.T) {
	t.Parallel()
	hub := serveDomain(t, "hub", server.Options{LeafNode: server.LeafNodeOpts{Host: "127.0.0.1", Port: server.RANDOM_PORT}})
	figures, err := hub.Varz(nil)
	require.NoError(t, err)
	at := &url.URL{Scheme: "nats", Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(figures.LeafNode.Port))}
	leaf := serveDomain(t, "leaf", server.Options{LeafNode: server.LeafNodeOpts{
		Remotes: []*server.RemoteLeafOpts{{URLs: []*url.URL{at}}}, ReconnectInterval: 50 * time.Millisecond,
	}})
	require.Eventually(t, func() bool { return hub.NumLeafNodes() == 1 && leaf.NumLeafNodes() == 1 }, guard, 10*time.Millisecond)
	nc, err := nats.Connect("", nats.InProcessServer(leaf))
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	for name, connect := range map[string]func() (jetstream.JetStream, error){
		"domain": func() (jetstream.JetStream, error) { return jetstream.NewWithDomain(nc, "hub") },
		"prefix": func() (jetstream.JetStream, error) { return jetstream.NewWithAPIPrefix(nc, "$JS.hub.API") },
	} {
		js, err := connect()
		require.NoError(t, err)
		f := open(t, js, Name(name))
		run(t, f, newService(0).watcher(t, "a"))
		submit(t, f, jobIDs(10)...)
		collect(t, f, 10)
		assert.Zero(t, stored(t, f))
	}
}
