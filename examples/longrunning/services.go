package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
)

// polls is the number of polls after which each operation has ended.
const polls = 3

// newAzure returns a service whose PUT answers with the URL of an operation. The resource exists
// once the operation has succeeded.
func newAzure() *httptest.Server {
	var asked atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /machines/7", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Azure-AsyncOperation", "http://"+r.Host+"/operations/42?t=7f3c")
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"properties":{"provisioningState":"Creating"}}`)
	})
	mux.HandleFunc("GET /operations/42", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("api-version") == "" {
			http.Error(w, "which version?", http.StatusBadRequest)
			return
		}
		status := "InProgress"
		if asked.Add(1) >= polls {
			status = "Succeeded"
		}
		fmt.Fprintf(w, `{"status":%q}`, status)
	})
	mux.HandleFunc("GET /machines/7", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"name":"7","properties":{"provisioningState":"Succeeded"}}`)
	})
	return httptest.NewServer(mux)
}

// newGoogle returns a service whose operations have names with slashes.
func newGoogle() *httptest.Server {
	var asked atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/speech:longrunningrecognize", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"name":"operations/speech/42"}`)
	})
	mux.HandleFunc("GET /v1/operations/speech/42", func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < polls {
			fmt.Fprint(w, `{"name":"operations/speech/42","metadata":{"progressPercent":40}}`)
			return
		}
		fmt.Fprint(w, `{"name":"operations/speech/42","done":true,"response":{"transcript":"good morning"}}`)
	})
	return httptest.NewServer(mux)
}

// newExports returns a service that answers with a Location.
func newExports() *httptest.Server {
	var asked atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("POST /exports", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/exports/7/status?x=1")
		w.WriteHeader(http.StatusAccepted)
	})
	mux.HandleFunc("GET /exports/7/status", func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < polls {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		fmt.Fprint(w, `{"rows":1200}`)
	})
	return httptest.NewServer(mux)
}
