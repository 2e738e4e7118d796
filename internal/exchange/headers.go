package exchange

import (
	"maps"
	"net/http"
)

// plainHeaders are the headers of the requests of one Call that have no headers of their own. Most
// polls are such requests, so the map of one request serves the next one too. A request that was
// not answered keeps its map, because a RoundTripper may still read it.
type plainHeaders struct {
	lent http.Header // the map of the request in flight; nil if the request has its own
	back http.Header // the map of the last request, once it was answered and until it is lent again
}

// lend returns the headers for a request. If a RoundTripper has changed such headers, as it must
// not, each request gets its own map from then on.
func (p *plainHeaders) lend(of *identity) http.Header {
	if of.altered.Load() {
		return maps.Clone(of.header)
	}
	if p.lent, p.back = p.back, nil; p.lent != nil && !of.isIntact(p.lent) {
		of.altered.Store(true)
		p.lent = nil
	}
	if p.lent == nil {
		p.lent = maps.Clone(of.header)
	}
	return p.lent
}

// takeBack notes that the request in flight, if its headers were lent, is over.
func (p *plainHeaders) takeBack() { p.lent, p.back = nil, p.lent }

// isIntact reports whether h is still an unchanged copy of the headers.
func (i *identity) isIntact(h http.Header) bool {
	if len(h) != len(i.fields) {
		return false
	}
	for n := range i.fields {
		f := &i.fields[n]
		if values := h[f.name]; len(values) != len(f.values) || &values[0] != &f.values[0] {
			return false
		}
	}
	return true
}

// field is one of the headers of every request, with at least one value.
type field struct {
	name   string
	values []string
}
