// Package dialects has the dialects of services that run jobs, ready for package rest.
//
//	s := dialects.GitHubActionsRun("golang/go")
//	c, err := rest.New(s.BaseURL, append(s.Options(), rest.WithToken(token))...)
//
// Each function returns a [Service], a value that the caller may change before use. Where everybody
// has an installation or an address of their own, its BaseURL is empty, and the address is given to
// [rest.New] in its place. [All] lists the services by the names of a command line.
//
// # Credentials
//
// A token is sent as "Authorization: Bearer", or as the service's TokenHeader says. A user and a
// password stand in the base URL. A service of AWS takes no token: each request is signed by the
// RoundTripper that [rest.WithRoundTripper] names, which any library for signature version 4 makes.
// A request is signed again each time it is sent.
//
// # Tests
//
// What the dialects make of each kind of answer is recorded in the folder testdata, one file a
// service, with the requests that are sent. An answer that means a failure, an end by cancel or
// something unknown is never told as a success. A few answers can't be told alone. The file lists
// each of them with the reason.
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
	// Name is what people call the service's jobs, such as "GitHub Actions runs".
	Name string
	// Doc is the URL of the service's page about them.
	Doc string
	// BaseURL is the service's address; "" if everybody has their own.
	BaseURL string
	// TokenHeader is the header of the token, as [rest.WithTokenHeader] takes it; "" for a bearer
	// token in Authorization, for a user and a password, and for signed requests.
	TokenHeader string
	// Dialect is how the service speaks of its jobs.
	Dialect rest.Dialect
}

// Options returns the options of [rest.New] that make its Client one of the service. The caller
// adds the credential, and may set the rest.
func (s Service) Options() []rest.Option {
	return []rest.Option{rest.WithDialect(s.Dialect), rest.WithTokenHeader(s.TokenHeader)}
}

// Entry is a service as a command line names it.
type Entry struct {
	// Name is the service's name, such as "github-run".
	Name string
	// Params names the arguments of New in order, such as "owner/repo". One in brackets, such as
	// "[ref]", may be left out or empty.
	Params []string
	// Checked names what the dialect was checked against; "" is nothing but memory.
	Checked string
	// Read is the date at which that was read, such as "2026-11-26"; "" if nobody noted it.
	Read string
	// Push says how the service tells of an end by itself, such as "webhook"; "" is not at all.
	Push string
	// Hints names what the service says about when to ask again, beside Retry-After.
	Hints string
	// New returns the Service for the arguments that Params names.
	New func(args ...string) (Service, error)

	open func(args []string) (Service, error)
}

// All returns the services, sorted by name. The slice is the caller's.
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
