package rpc

import (
	"errors"
	"net/url"
)

var errFragment = errors.New("the endpoint has a fragment")

// Endpoint is the URL of a service, taken apart.
type Endpoint struct {
	// Base is the URL without its path and query. Package rest checks it.
	Base string
	// Path is the escaped path. It may be empty.
	Path string
	// Query is the query without its question mark. It may be empty.
	Query string
}

// ParseEndpoint takes a URL apart. A URL with a fragment is an error. No error quotes the URL: it
// may hold a password.
func ParseEndpoint(text string) (Endpoint, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return Endpoint{}, errors.Unwrap(err) // url.Error quotes the text
	case u.Fragment != "":
		return Endpoint{}, errFragment
	}
	base := url.URL{Scheme: u.Scheme, User: u.User, Host: u.Host}
	return Endpoint{Base: base.String(), Path: u.EscapedPath(), Query: u.RawQuery}, nil
}

// Target returns the path and the query, as they stand in a request. An empty path becomes "/".
func (e Endpoint) Target() string {
	target := e.Path
	if target == "" {
		target = "/"
	}
	if e.Query != "" {
		target += "?" + e.Query
	}
	return target
}
