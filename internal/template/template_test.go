package template_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/template"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var base, _ = url.Parse("https://jobs.test/api")

func made(t testing.TB, c template.Spec, holes ...string) *template.Template {
	t.Helper()
	f, err := template.New(base, nil, c, nil, false, holes...)
	require.NoError(t, err)
	return f
}

func TestWhatStandsInAHoleIsOneValue(t *testing.T) {
	t.Parallel()
	all := template.Spec{Method: "POST", Path: "/jobs/{id}?since={rev}", Header: map[string]string{"X-Id": "<{id}>"},
		Body: map[string]any{"job": "{id}", "n": 1}}
	var r exchange.Request
	require.NoError(t, made(t, all, template.ID, template.Rev).Fill(&r, &template.Vars{ID: `a/b?c&d="e`, Rev: "1&2"}))
	assert.Equal(t, `https://jobs.test/api/jobs/a%2Fb%3Fc&d=%22e?since=1%262`, r.URL.String())
	assert.Equal(t, []string{"X-Id", `<a/b?c&d="e>`}, r.Header)
	assert.JSONEq(t, `{"job":"a/b?c&d=\"e","n":1}`, string(r.Body))
}

func TestAPairWithoutItsValueIsLeftOut(t *testing.T) {
	t.Parallel()
	var r exchange.Request
	require.NoError(t, made(t, template.Spec{Method: "GET", Path: "/jobs?id={id}&since={rev}"}, template.ID, template.Rev).Fill(&r, &template.Vars{ID: "7"}))
	assert.Equal(t, "https://jobs.test/api/jobs?id=7", r.URL.String())
}

func TestASpecThatMakesNoSenseSaysWhy(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]template.Spec{
		"is not an HTTP method": {Method: "GE T", Path: "/"},
		"{nowhere}":             {Method: "GET", Path: "/{nowhere}"},
		"field Body":            {Method: "POST", Path: "/", Body: make(chan int)},
		"{hold} stands in":      {Method: "POST", Path: "/", Body: map[string]string{"wait": "{hold}"}},
	} {
		_, err := template.New(base, nil, c, nil, false, template.ID, template.Hold)
		require.ErrorContains(t, err, want)
	}
}

// fault 30: a URL that a service names is of the configured origin, or of one that is allowed.
func TestAReferenceStaysAtItsOrigin(t *testing.T) {
	t.Parallel()
	other, _ := url.Parse("https://other.test")
	f, err := template.New(base, []*url.URL{other}, template.Spec{Method: "GET", Path: "{+id}"}, nil, false, template.ID)
	require.NoError(t, err)
	assert.True(t, f.IsWhole())
	asked, _ := url.Parse("https://jobs.test/api/jobs")
	for ref, want := range map[string]string{"7?v=1": "/api/7?v=1", "/ops/7": "/ops/7", "https://jobs.test/x": "/x", "https://other.test/y": "https://other.test/y",
		"http://jobs.test/x": "/x", "http://JOBS.test:80/x": "/x", "http://jobs.test:443/x": "/x", "http://other.test/y": "https://other.test/y"} {
		got, err := f.Reference(ref, asked)
		require.NoError(t, err, ref)
		assert.Equal(t, want, got, ref)
	}
	for _, ref := range []string{"https://evil.test/", "//evil.test/", "http://evil.test/", "http://jobs.test:8080/", "http://u@jobs.test/", "ws://jobs.test/", "https://jobs.test:444/", "https://u@jobs.test/", "mailto:a@b"} {
		_, err := f.Reference(ref, asked)
		assert.Error(t, err, ref)
	}
}

// fault 17, fault 30: whatever an id holds, it is one segment behind the path that is configured.
func FuzzAnIDIsOneSegment(f *testing.F) {
	for _, id := range []string{"7", "a/b", "..", "%2e%2e", "?x", "#", "a b", "\u00e9", "//evil.test", `\`} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		var r exchange.Request
		if made(t, template.Spec{Method: "GET", Path: "/jobs/{id}/status"}, template.ID).Fill(&r, &template.Vars{ID: id}) != nil {
			return
		}
		u, err := url.Parse(r.URL.String())
		require.NoError(t, err)
		assert.Equal(t, "jobs.test", u.Host)
		escaped, ok := strings.CutPrefix(u.EscapedPath(), "/api/jobs/")
		require.True(t, ok, u)
		escaped, ok = strings.CutSuffix(escaped, "/status")
		require.True(t, ok, u)
		assert.NotContains(t, escaped, "/")
		plain, err := url.PathUnescape(escaped)
		require.NoError(t, err)
		assert.Equal(t, id, plain)
		assert.Empty(t, u.RawQuery+u.Fragment)
	})
}
