package web

import (
	"net/http"
	"net/http/httptrace"

	"github.com/benbjohnson/clock"

	"github.com/iamber12/job-status-monitoring/internal/wait"
)

// Announce tells the Tracker of clk which connection r uses, if the Tracker is a [wait.Peer]. It
// returns the request to send in place of r, and a function to call once the answer has been read.
// The function is nil if the Tracker is no Peer. If the context of r ends, the Tracker is told at
// once that the call no longer waits.
func Announce(r *http.Request, clk clock.Clock) (*http.Request, func()) {
	peer, ok := wait.Track(clk).(wait.Peer)
	if !ok {
		return r, nil
	}
	over := func() {}
	return r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			over() // the connection before turned out to be closed
			over = peer.Asking(info.Conn.LocalAddr().String(), r.Method+" "+r.URL.Scheme+"://"+r.URL.Host+r.URL.EscapedPath())
			wait.OnEnd(r.Context(), over)
		},
	})), func() { over() }
}
