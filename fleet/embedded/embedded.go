// Package embedded runs a NATS server with JetStream inside the program, so that no server needs to
// be installed for a fleet.
//
//	js, stop, err := embedded.Start("/var/lib/app")
//	if err != nil {
//		return err
//	}
//	defer stop()
//	f, err := fleet.Open(ctx, js)
//
// Only this process can reach the server. For a fleet of several processes, run a NATS server or a
// cluster to which each process connects.
package embedded

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// startTimeout limits the time until a server accepts connections. In this time the server reads
// its store.
const startTimeout = time.Minute

// Start starts a server that stores its data in the folder dir, and connects to it in memory. The
// server opens no socket. It acknowledges a write after an fsync, so that the data is on the disk.
// It stores at most as much as three quarters of the space that is free on the disk at the start.
//
// The function stop closes the connection, stops the server, and returns when it has stopped. Call
// it after all calls of Run and Ends have returned. Only one process may use dir at a time.
func Start(dir string) (js jetstream.JetStream, stop func(), err error) {
	if dir == "" {
		return nil, nil, errors.New("embedded: the directory is empty")
	}
	if err := writable(dir); err != nil {
		return nil, nil, fmt.Errorf("embedded: %w", err)
	}
	s, err := server.NewServer(&server.Options{
		ServerName: "embedded",
		DontListen: true,
		JetStream:  true,
		StoreDir:   dir,
		SyncAlways: true,
		NoSigs:     true,
		NoLog:      true,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("embedded: %w", err)
	}
	s.Start()
	shutdown := func() {
		s.Shutdown()
		s.WaitForShutdown()
	}
	if !s.ReadyForConnections(startTimeout) || !s.JetStreamEnabled() {
		shutdown()
		return nil, nil, fmt.Errorf("embedded: the server did not start with JetStream in %s", dir)
	}
	if err := tellLimit(s); err != nil {
		shutdown()
		return nil, nil, fmt.Errorf("embedded: %w", err)
	}
	js, disconnect, err := connect(s)
	if err != nil {
		shutdown()
		return nil, nil, fmt.Errorf("embedded: %w", err)
	}
	return js, func() { disconnect(); shutdown() }, nil
}

// writable creates dir if necessary. It returns an error that says why nothing can be stored there,
// which the server only writes to its log.
func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "write-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// tellLimit gives the account the same storage limit as the server, because clients cannot see the
// server's limit. A fleet accepts no more jobs when it comes near the limit. If storage is
// reserved for a stream, that stream has a limit of its own, and the account needs none.
func tellLimit(s *server.Server) error {
	if _, reserved, err := s.JetStreamReservedResources(); err != nil || reserved > 0 {
		return err
	}
	// The server compares the increase from -1, which means no limit, with its own limit.
	most := s.JetStreamConfig().MaxStore - 1
	limits := server.JetStreamAccountLimits{MaxMemory: -1, MaxStore: most, MaxStreams: -1, MaxConsumers: -1}
	return s.GlobalAccount().UpdateJetStreamLimits(map[string]server.JetStreamAccountLimits{"": limits})
}

// connect returns JetStream over a connection in memory, and a function that closes the connection.
func connect(s *server.Server) (jetstream.JetStream, func(), error) {
	closed := make(chan struct{})
	nc, err := nats.Connect("", nats.InProcessServer(s), nats.MaxReconnects(-1),
		nats.ClosedHandler(func(*nats.Conn) { close(closed) }))
	if err != nil {
		return nil, nil, err
	}
	stop := func() {
		nc.Close()
		<-closed
	}
	js, err := jetstream.New(nc)
	if err != nil {
		stop()
		return nil, nil, err
	}
	return js, stop, nil
}
