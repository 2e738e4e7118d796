package rest_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

func answered() (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(`{"payload":{"status":"running"}}`))}, nil
}

// A RoundTripper must not change a request, but some do. What it does to the headers of one request
// must not show in the next.
func TestARoundTripperThatChangesHeadersDoesNotChangeTheNextRequest(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(http.Header, int){
		"it adds one":             func(h http.Header, n int) { h.Set("X-Trace", fmt.Sprint(n)) },
		"it adds a value":         func(h http.Header, n int) { h.Add("Accept", fmt.Sprint(n)) },
		"it replaces one":         func(h http.Header, n int) { h.Set("Accept", fmt.Sprint(n)) },
		"it removes one":          func(h http.Header, _ int) { h.Del("Accept") },
		"it removes all":          func(h http.Header, _ int) { clear(h) },
		"it exchanges one":        func(h http.Header, n int) { h.Del("Accept"); h.Set("X-Trace", fmt.Sprint(n)) },
		"it does so after a time": func(h http.Header, n int) { h.Set("X-Trace", strings.Repeat("x", n/3)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []http.Header
			c := client(t, "http://jobs.test", rest.WithHeader("X-Team", "red"), rest.WithRoundTripper(tripper(func(r *http.Request) (*http.Response, error) {
				got = append(got, maps.Clone(r.Header))
				if change(r.Header, len(got)); r.Header.Get("X-Trace") == "" {
					r.Header.Del("X-Trace")
				}
				return answered()
			})))
			for range 9 {
				_, err := c.Status(t.Context(), "7")
				require.NoError(t, err)
			}
			require.Contains(t, got[0], "X-Team")
			for _, h := range got[1:] {
				assert.Equal(t, got[0], h)
			}
		})
	}
}

// A RoundTripper may still read a request that it did not answer.
func TestHeadersOfAnUnansweredRequestAreItsOwn(t *testing.T) {
	t.Parallel()
	var unanswered []http.Header
	same := func(a, b http.Header) bool { return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer() }
	c := client(t, "http://jobs.test", oneAttempt, rest.WithRoundTripper(tripper(func(r *http.Request) (*http.Response, error) {
		for _, before := range unanswered {
			assert.False(t, same(before, r.Header))
		}
		if r.URL.Path == "/status/refused" {
			unanswered = append(unanswered, r.Header)
			return nil, errors.New("no route to host")
		}
		return answered()
	})))
	for range 9 {
		_, err := c.Status(t.Context(), "refused")
		require.Error(t, err)
		_, err = c.StatusSince(t.Context(), "7", transport.Status{Revision: `"a"`})
		require.NoError(t, err)
		_, err = c.Status(t.Context(), "7")
		require.NoError(t, err)
	}
}

// A RoundTripper must not change a request, but some do. What it does to one request must not show
// in the request that is sent again, or in the URLs that an answer names.
func TestARoundTripperThatChangesRequestsDoesNotChangeTheNextOne(t *testing.T) {
	t.Parallel()
	for _, first := range []int{http.StatusServiceUnavailable, http.StatusFound, 0} {
		var asked []string
		d := rest.Dialect{Next: "next", NextDialect: &rest.Dialect{Status: rest.Call{Path: "{+id}"}}}
		c := client(t, "http://jobs.test", rest.WithDialect(d), rest.WithRoundTripper(tripper(func(r *http.Request) (*http.Response, error) {
			asked = append(asked, r.Method+" "+r.URL.Path)
			r.URL.Path, r.Method, r.URL.Host, r.Host = "/prefix"+r.URL.Path, http.MethodDelete, "10.0.0.1", "10.0.0.1"
			answer, _ := answered()
			switch n := len(asked); {
			case n == 3:
				answer.Body = io.NopCloser(strings.NewReader(`{"payload":{"status":"running"},"next":"8"}`))
			case n == 2 && first == http.StatusFound || n == 4:
			case first == 0:
				return nil, errors.New("connection reset")
			default:
				answer.StatusCode = first
				answer.Header.Set("Location", "7")
			}
			return answer, nil
		})))
		for len(asked) < 4 {
			_, err := c.Status(t.Context(), "7")
			require.NoError(t, err, first)
		}
		assert.Equal(t, []string{"GET /status/7", "GET /status/7", "GET /status/7", "GET /status/8"}, asked, first)
	}
}

// A refused condition says nothing about the job. A service that answers without it is sent none.
func TestARefusedConditionEndsNoWait(t *testing.T) {
	t.Parallel()
	for code, want := range map[int][]bool{
		http.StatusPreconditionFailed:          {true, false, false, false},
		http.StatusBadRequest:                  {true, false, false, false},
		http.StatusRequestHeaderFieldsTooLarge: {true, false, false, false},
		http.StatusForbidden:                   {true, true, true},
	} {
		var conditional []bool
		c := client(t, "http://jobs.test", rest.WithRoundTripper(tripper(func(r *http.Request) (*http.Response, error) {
			isConditional := r.Header.Get("If-None-Match") != ""
			conditional = append(conditional, isConditional)
			answer, err := answered()
			if isConditional {
				answer.StatusCode = code
			}
			return answer, err
		})))
		for range 3 {
			st, err := c.StatusSince(t.Context(), "7", transport.Status{ID: "7", State: transport.Pending, Revision: `"a"`})
			if code == http.StatusForbidden {
				assert.Equal(t, transport.Permanent, classOf(t, err))
				continue
			}
			require.NoError(t, err, code)
			assert.Equal(t, transport.Running, st.State)
		}
		assert.Equal(t, want, conditional, code)
	}
}

// A request that is refused with and without its condition is refused.
func TestARefusalThatIsNotAboutTheConditionIsOne(t *testing.T) {
	t.Parallel()
	asked := 0
	c := client(t, "http://jobs.test", rest.WithRoundTripper(tripper(func(*http.Request) (*http.Response, error) {
		asked++
		answer, err := answered()
		answer.StatusCode = http.StatusBadRequest
		return answer, err
	})))
	for n := range 2 {
		_, err := c.StatusSince(t.Context(), "7", transport.Status{ID: "7", State: transport.Pending, Revision: `"a"`})
		assert.Equal(t, transport.Permanent, classOf(t, err))
		assert.Equal(t, 2*n+2, asked)
	}
}

// A conditional request has a header that the next one must not have.
func TestTheHeaderOfAConditionalRequestIsItsOwn(t *testing.T) {
	t.Parallel()
	var tags []string
	c := client(t, "http://jobs.test", rest.WithRoundTripper(tripper(func(r *http.Request) (*http.Response, error) {
		tags = append(tags, r.Header.Get("If-None-Match"))
		return answered()
	})))
	for _, revision := range []string{"", `"a"`, "", `"b"`} {
		_, err := c.StatusSince(t.Context(), "7", transport.Status{Revision: revision})
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"", `"a"`, "", `"b"`}, tags)
}

// A RoundTripper that did not answer a request may read it while the request is sent again. The
// race detector sees whether it was changed.
func TestARequestIsNotChangedWhenItIsSentAgain(t *testing.T) {
	t.Parallel()
	var later sync.WaitGroup
	defer later.Wait()
	asked := 0
	c := client(t, "http://jobs.test", rest.WithRetries(3), rest.WithRoundTripper(tripper(func(r *http.Request) (*http.Response, error) {
		later.Go(func() { _ = fmt.Sprint(r.URL, r.Host, r.Header) })
		if asked++; asked%4 != 0 {
			return nil, errors.New("connection reset")
		}
		return answered()
	})))
	for range 3 {
		_, err := c.Status(t.Context(), "7")
		require.NoError(t, err)
	}
}
