package sse

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
)

// about7 is a Reader for which each event is about job 7.
type about7 struct{}

func (about7) ReadEvents(http.Header, []byte) ([]transport.Status, error) {
	return []transport.Status{{ID: "7"}}, nil
}

// Many services send the header of a stream together with its first event.
func TestAStreamMayBeginWithItsFirstEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, err := New("http://service.test/", about7{})
		require.NoError(t, err)
		service, conn := net.Pipe()
		s.own.DialContext = func(context.Context, string, string) (net.Conn, error) { return conn, nil }
		go func() {
			_, _ = http.ReadRequest(bufio.NewReader(service))
			time.Sleep(s.silence - time.Second)
			_, _ = io.WriteString(service, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {}\n\n")
			_ = service.Close()
		}()
		var told []string
		err = s.Notify(t.Context(), func(st transport.Status) { told = append(told, st.ID) })
		assert.ErrorContains(t, err, "connection lost: EOF")
		assert.Equal(t, []string{"", "7"}, told)
	})
}
