// Package dialects has dialects of services that run jobs, for use with package rest.
//
//	s := dialects.GitHubActionsRun("golang/go")
//	c, err := rest.New(s.BaseURL, append(s.Options(), rest.WithToken(token))...)
//
// Each function returns a [Service], which the caller may change before use. If each user of a
// service has their own address, BaseURL is empty: pass that address to [rest.New]. [All] lists the
// services by the names of a command line.
//
// The documentation of a function says what a poll is, and which result a completed job has. A
// fetched result is requested by jobstatus.Watcher.Result. Any other result is the Result of the
// terminal status.
//
// # Credentials
//
// A token is sent as "Authorization: Bearer", or as the service's TokenHeader says. Put a user and
// a password into the base URL. A service of AWS takes no token. Instead, a RoundTripper must sign
// each request with signature version 4, and sign it again whenever it is sent again. Write such a
// RoundTripper with any library for these signatures, and pass it to [rest.WithRoundTripper].
//
// # Tests
//
// The folder testdata has a file for each service, with example answers, their meanings, and the
// requests that are sent. The words, the codes and the form of these answers are those of the
// service's documentation or source code; the values are made up. An answer that means failed,
// canceled or unknown is never read as a success. A few answers have more than one meaning. The
// file lists each of them with the reason.
package dialects

//go:generate sh -c "go run ./internal/index > ../../../docs/dialects.md"

import (
	"fmt"
	"slices"
	"strings"

	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// Service is what [rest.New] needs to know about a service.
type Service struct {
	// Name is a name for the service's jobs, such as "GitHub Actions runs".
	Name string
	// Doc is the URL of the service's page about its jobs.
	Doc string
	// BaseURL is the service's address. It is empty if each user has their own address.
	BaseURL string
	// TokenHeader is the argument of [rest.WithTokenHeader]. It is empty for a bearer token in
	// Authorization, for a user and a password, and for signed requests.
	TokenHeader string
	// Dialect describes the requests and answers of the service.
	Dialect rest.Dialect
}

// Options returns the options with which [rest.New] makes a Client for the service. The caller adds
// the credential, and may add other options.
func (s Service) Options() []rest.Option {
	return []rest.Option{rest.WithDialect(s.Dialect), rest.WithTokenHeader(s.TokenHeader)}
}

// Entry is a service with its name and its arguments on a command line.
type Entry struct {
	// Name is the service's name, such as "github-run".
	Name string
	// Params names the arguments of New in order, such as "owner/repo". An argument whose name is in
	// brackets, such as "[ref]", may be left out or empty.
	Params []string
	// Source names what the dialect was checked against, such as an SDK of the service. It is empty if
	// the dialect was not checked.
	Source string
	// CheckedOn is the date of that check, such as "2026-11-26". It is empty if the date is not known.
	CheckedOn string
	// Push says how the service reports the end of a job without being polled, such as "webhook". It
	// is empty if the service does not.
	Push string
	// Hints says what helps to decide when to poll next, besides Retry-After, such as "rate limit
	// headers". It is empty if there is nothing.
	Hints string
	// New returns the Service for the arguments that Params names.
	New func(args ...string) (Service, error)

	open func(args []string) (Service, error)
}

// All returns the services, sorted by name. The caller may change the slice.
func All() []Entry {
	all := slices.Clone(entries)
	for i := range all {
		e := entries[i] // New must not change when the caller changes the Entry
		all[i].Params = slices.Clone(e.Params)
		all[i].New = func(args ...string) (Service, error) { return e.build(args) }
	}
	return all
}

// build checks the arguments and opens the service.
func (e *Entry) build(args []string) (Service, error) {
	if len(args) > len(e.Params) {
		return Service{}, fmt.Errorf("dialects: %s takes %s, and was given %d arguments", e.Name, e.takes(), len(args))
	}
	full := make([]string, len(e.Params))
	copy(full, args)
	for i, param := range e.Params {
		switch wanted := strings.Trim(param, "[]"); {
		case full[i] == "" && wanted != param:
		case full[i] == "":
			return Service{}, fmt.Errorf("dialects: %s takes %s, and %s is missing", e.Name, e.takes(), param)
		case !fits(full[i], wanted):
			return Service{}, fmt.Errorf("dialects: %s takes %s, and %.200q is no %s", e.Name, e.takes(), full[i], wanted)
		}
	}
	return e.open(full)
}

// takes returns the parameters for an error text.
func (e *Entry) takes() string {
	if len(e.Params) == 0 {
		return "no argument"
	}
	return strings.Join(e.Params, " ")
}

// fits reports whether an argument has the parts that a parameter such as "owner/repo" names. A
// part must not be one that climbs in a path.
func fits(arg, param string) bool {
	parts := strings.Split(arg, "/")
	if slices.Contains(parts, ".") || slices.Contains(parts, "..") {
		return false
	}
	wanted := strings.Count(param, "/")
	return wanted == 0 || len(parts) == wanted+1 && !slices.Contains(parts, "")
}

// none, one, two and three adapt a function of so many parameters.
func none(f func() Service) func([]string) (Service, error) {
	return func([]string) (Service, error) { return f(), nil }
}

func one(f func(string) Service) func([]string) (Service, error) {
	return func(a []string) (Service, error) { return f(a[0]), nil }
}

func two(f func(a, b string) Service) func([]string) (Service, error) {
	return func(a []string) (Service, error) { return f(a[0], a[1]), nil }
}

func three(f func(a, b, c string) Service) func([]string) (Service, error) {
	return func(a []string) (Service, error) { return f(a[0], a[1], a[2]), nil }
}
