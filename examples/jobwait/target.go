package main

import (
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/iamber12/job-status-monitoring/transport/rest/dialects"
)

// target is the job to wait for, and where it is.
type target struct {
	service dialects.Service // with the base URL that is asked
	id      string
	kind    string // of jobs that take about as long
}

// isURL reports whether an argument is a URL and not the name of a service.
func isURL(arg string) bool { return strings.Contains(arg, "://") }

// urlTarget is the job whose status is at a URL.
func urlTarget(text string, w *words) (target, error) {
	u, err := parseURL(text)
	if err != nil {
		return target{}, err
	}
	d, err := w.dialect()
	if err != nil {
		return target{}, err
	}
	t := target{id: u.RequestURI(), service: dialects.Service{Name: u.Host, Dialect: d}}
	t.service.BaseURL = u.Scheme + "://" + u.Host
	t.kind = t.service.BaseURL + path.Dir(u.Path)
	return t, nil
}

// parseURL parses a URL. It refuses a URL with a user name or a password, because other users can
// read arguments.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case strings.Contains(text, "@") && (err != nil || u.User != nil):
		return nil, misused("a URL must hold no user name, because other users can read the arguments: use --basic with --token-env or --token-command")
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, misused("%.200q is no URL that begins with http:// or https://", text)
	}
	return u, nil
}

// lookUp returns the entry of a service, or an error that names those with the nearest names.
func lookUp(name string) (dialects.Entry, error) {
	all := dialects.All()
	i := slices.IndexFunc(all, func(e dialects.Entry) bool { return e.Name == name })
	if i >= 0 {
		return all[i], nil
	}
	if strings.ContainsAny(name, "/:") {
		return dialects.Entry{}, misused("%.100q is no service, and no URL, which begins with http:// or https://", name)
	}
	if near := nearest(name, all); len(near) > 0 {
		return dialects.Entry{}, misused("unknown service %.100q: did you mean %s? \"jobwait list\" lists all", name, strings.Join(near, ", "))
	}
	return dialects.Entry{}, misused("unknown service %.100q: \"jobwait list\" lists all", name)
}

// serviceTarget is a job of a service of package dialects. The arguments are the name, the
// parameters, and the id.
func serviceTarget(args []string, baseURL string) (target, error) {
	e, err := lookUp(args[0])
	if err != nil {
		return target{}, err
	}
	takes, needs := append(slices.Clone(e.Params), "ID"), append(required(e.Params), "ID")
	switch n := len(args) - 1; {
	case n < len(needs):
		return target{}, misused("%s takes %s; missing: %s", e.Name, strings.Join(takes, " "), strings.Join(needs[n:], " "))
	case n > len(takes):
		return target{}, misused("%s takes %s, and %.100q is one argument more", e.Name, strings.Join(takes, " "), args[len(takes)+1])
	}
	params, id := args[1:len(args)-1], args[len(args)-1]
	s, err := e.New(params...)
	if err != nil {
		return target{}, usageError{err}
	}
	switch {
	case baseURL != "":
		if _, err := parseURL(baseURL); err != nil {
			return target{}, err
		}
		s.BaseURL = baseURL
	case s.BaseURL == "":
		return target{}, misused("%s has no address that is the same for all: give yours by --base-url", e.Name)
	case strings.HasPrefix(e.Name, "aws-"):
		return target{}, misused("%s wants signed requests: give the address of a proxy that signs them by --base-url", e.Name)
	}
	return target{service: s, id: id, kind: strings.Join(append([]string{e.Name}, params...), " ")}, nil
}

// required returns the parameters that may not be left out.
func required(params []string) (names []string) {
	for _, p := range params {
		if !strings.HasPrefix(p, "[") {
			names = append(names, p)
		}
	}
	return names
}
