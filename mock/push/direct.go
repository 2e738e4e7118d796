package push

import (
	"errors"
	"net/http"
)

// direct hands requests to a handler.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (answer *http.Response, err error) {
	w := &codeOnly{header: http.Header{}, code: http.StatusOK}
	defer func() {
		if problem := recover(); problem != nil {
			answer, err = nil, errors.New("the handler panicked")
		}
	}()
	d.ServeHTTP(w, r)
	return &http.Response{StatusCode: w.code, Header: w.header, Body: http.NoBody, Request: r}, nil
}

// codeOnly is a ResponseWriter that keeps the first code.
type codeOnly struct {
	header  http.Header
	code    int
	written bool
}

func (w *codeOnly) Header() http.Header         { return w.header }
func (w *codeOnly) Write(b []byte) (int, error) { w.written = true; return len(b), nil }
func (w *codeOnly) WriteHeader(code int) {
	if !w.written {
		w.code, w.written = code, true
	}
}
