package web

import (
	"net/http"
	"net/http/httptrace"

	"github.com/benbjohnson/clock"

	"github.com/iamber12/job-status-monitoring/internal/wait"
)

// Announce tells clk, if its Tracker is a wait.Peer, on which connection r goes out. It returns the
// request to send in place of r, and what to call once its answer has been read; nil if nobody is
// to be told.
func Announce(r *http.Request, clk clock.Clock) (*http.Request, func()) {
	peer, ok := wait.Track(clk).(wait.Peer)
	if !ok {
		return r, nil
	}
	over := func() {}
	return r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			over() // of a connection that turned out to be closed
			over = peer.Asking(info.Conn.LocalAddr().String(), r.Method+" "+r.URL.Scheme+"://"+r.URL.Host+r.URL.EscapedPath())
		},
	})), func() { over() }
}
