// Package dialects has the dialects of services that run jobs, ready for package rest.
//
//	s := dialects.OpenAIBatch()
//	t, err := rest.New(s.BaseURL, rest.WithDialect(s.Dialect), rest.WithToken(token))
//
// The functions return values that the caller may change before use, as where an own installation
// differs.
package dialects

import "github.com/iamber12/job-status-monitoring/transport/rest"

// Service is what [rest.New] needs to know about a service.
type Service struct {
	// BaseURL is where the service is; "" if everybody has their own.
	BaseURL string
	// TokenHeader is the header of the token, for [rest.WithTokenHeader]; "" for a bearer token in
	// Authorization, or for a user and password.
	TokenHeader string
	// Dialect is how the service speaks of its jobs.
	Dialect rest.Dialect
}
