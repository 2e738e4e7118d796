package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync/atomic"

	"github.com/iamber12/job-status-monitoring/internal/bench/child"
)

// answers is the part of a child that is a service as lean as can be, so that it takes little from
// who is measured on the same machine. It says pending to whatever it is asked, but for how often
// that was.
func answers(parent child.Parent) error {
	if err := parent.Read(&struct{}{}); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { // ends with the process
		var asked atomic.Int64
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go say(c, &asked)
		}
	}()
	if err := parent.Write("http://" + l.Addr().String()); err != nil {
		return err
	}
	parent.Wait()
	return nil
}

// headEnd ends a request, and the head of an answer.
const headEnd = "\r\n\r\n"

var (
	pendingAnswer = response(`{"meta":{"message":"Job status"},"payload":{"status":"pending"}}`)
	countRequest  = "GET /asked HTTP/1.1\r\nHost: service.test" + headEnd
)

// say answers what comes over a connection. A request comes in one piece, as it is small and the
// one before it has been answered.
func say(c net.Conn, asked *atomic.Int64) {
	defer c.Close()
	var buffer [4096]byte
	for {
		n, err := c.Read(buffer[:])
		request := buffer[:n]
		if err != nil || !bytes.HasSuffix(request, []byte(headEnd)) {
			return
		}
		answer := pendingAnswer
		if string(request) == countRequest {
			answer = response(strconv.FormatInt(asked.Load(), 10))
		} else {
			asked.Add(1)
		}
		if _, err := c.Write(answer); err != nil {
			return
		}
	}
}

func response(body string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"+
		"Content-Length: %d%s%s", len(body), headEnd, body)
}

// asking is a connection to answers over which one asks how often it was asked.
type asking struct{ net.Conn }

func dialAnswers(address string) (asking, error) {
	c, err := net.Dial("tcp", address)
	return asking{c}, err
}

func (a asking) count() (int64, error) {
	if _, err := io.WriteString(a, countRequest); err != nil {
		return 0, err
	}
	var answer [4096]byte
	n, err := a.Read(answer[:])
	if err != nil {
		return 0, err
	}
	_, body, _ := bytes.Cut(answer[:n], []byte(headEnd))
	return strconv.ParseInt(string(body), 10, 64)
}
