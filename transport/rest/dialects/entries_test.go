package dialects_test

import (
	"cmp"
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/rest/dialects"
)

func TestEntriesAreSortedAndNamedAlike(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)+$`)
	all := dialects.All()
	assert.True(t, slices.IsSortedFunc(all, func(a, b dialects.Entry) int { return cmp.Compare(a.Name, b.Name) }))
	for i, e := range all {
		assert.Regexp(t, name, e.Name)
		assert.True(t, i == 0 || all[i-1].Name != e.Name, "%s stands twice", e.Name)
		optional := false
		for _, param := range e.Params {
			assert.True(t, strings.HasPrefix(param, "[") == strings.HasSuffix(param, "]"), "%s: %s", e.Name, param)
			assert.False(t, optional && param[0] != '[', "%s: %s stands behind one that may be left out", e.Name, param)
			optional = optional || param[0] == '['
		}
	}
}

func TestEveryEntrySaysWhenItsSourceWasRead(t *testing.T) {
	t.Parallel()
	for _, e := range dialects.All() {
		assert.NotEmpty(t, e.Source, "%s: nothing was read", e.Name)
		_, err := time.Parse(time.DateOnly, e.CheckedOn)
		assert.NoError(t, err, e.Name)
	}
}

func TestEveryServiceMakesAClient(t *testing.T) {
	t.Parallel()
	named := map[string]string{}
	for name, s := range services() {
		assert.Empty(t, named[s.Name], "%s has the Name of another service", name)
		named[s.Name] = name
		doc, err := url.Parse(s.Doc)
		require.NoError(t, err)
		assert.Equal(t, "https", doc.Scheme, name)
		r := load(t, name)
		assert.Equal(t, r.Service, s.Name)
		assert.Equal(t, r.Page, s.Doc)
		if s.BaseURL != "" {
			assert.True(t, strings.HasPrefix(s.BaseURL, "https://"), s.BaseURL)
		}
		c, err := rest.New(cmp.Or(s.BaseURL, "https://service.example"), append(s.Options(), rest.WithToken(token))...)
		require.NoError(t, err, name)
		require.NoError(t, c.Close())
	}
}

func TestAnEntrySaysWhichArgumentIsWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		args []string
		want string // "" for a Service
	}{
		{"github-run", nil, "github-run takes owner/repo, and owner/repo is missing"},
		{"github-run", []string{""}, "owner/repo is missing"},
		{"github-run", []string{"repo"}, `"repo" is no owner/repo`},
		{"github-run", []string{"a/b/c"}, `"a/b/c" is no owner/repo`},
		{"github-run", []string{"a/"}, `"a/" is no owner/repo`},
		{"github-run", []string{"../b"}, `"../b" is no owner/repo`},
		{"github-run", []string{"a/b", "c"}, "was given 2 arguments"},
		{"airbyte-job", []string{"x"}, "airbyte-job takes no argument"},
		{"linode-event", []string{"five", "reboot"}, `"five"`},
		{"linode-event", []string{"-5", "reboot"}, `"-5"`},
		{"linode-event", []string{"5"}, "action is missing"},
		{"databricks-run", nil, ""},
		{"bigquery-job", []string{"ada"}, ""},
		{"bigquery-job", []string{"ada", "EU"}, ""},
		{"gitlab-pipeline", []string{"group/sub/project"}, ""},
		{"gitlab-pipeline", []string{".."}, `".." is no project`},
	} {
		_, err := entry(t, c.name).New(c.args...)
		if c.want == "" {
			require.NoError(t, err, "%s %q", c.name, c.args)
			continue
		}
		require.ErrorContains(t, err, c.want, "%s %q", c.name, c.args)
	}
}

func entry(t *testing.T, name string) dialects.Entry {
	t.Helper()
	all := dialects.All()
	i := slices.IndexFunc(all, func(e dialects.Entry) bool { return e.Name == name })
	require.NotEqual(t, -1, i, name)
	return all[i]
}

func TestTheListIsTheCallers(t *testing.T) {
	t.Parallel()
	all := dialects.All()
	for i := range all {
		all[i].Name = "changed"
		clear(all[i].Params)
		all[i].Params = nil
	}
	e := entry(t, "github-run")
	assert.Equal(t, []string{"owner/repo"}, e.Params)
	e.Params[0] = "changed"
	_, err := e.New("a/b")
	require.NoError(t, err)
}

// TestParametersStayWithinTheirPartOfAPath opens all services with arguments that are hostile.
func TestParametersStayWithinTheirPartOfAPath(t *testing.T) {
	t.Parallel()
	for _, hostile := range []string{"a?b", "a#b", "a%2Fb", "a b", "a&b=c", "{id}", "a{+id}", "ü", `a\b`} {
		for _, e := range dialects.All() {
			if e.Name == "linode-event" || e.Name == "accepted-location" || e.Name == "google-operation" || strings.HasPrefix(e.Name, "aws-") {
				continue // a number, a path, and hosts
			}
			args, plain := make([]string, len(e.Params)), make([]string, len(e.Params))
			for i, param := range e.Params {
				args[i], plain[i] = hostile, "a"
				for range strings.Count(param, "/") {
					args[i] += "/" + hostile
					plain[i] += "/a"
				}
			}
			if got, ok := shape(t, e, args); ok {
				want, _ := shape(t, e, plain)
				assert.Equal(t, want, got, "%s %q", e.Name, args)
			}
		}
	}
}

// shape returns how many segments and pairs of the query the call for the status of a job has;
// false if the dialect is refused.
func shape(t *testing.T, e dialects.Entry, args []string) (counts [2]int, ok bool) {
	t.Helper()
	s, err := e.New(args...)
	require.NoError(t, err)
	if _, err = rest.New("http://service.invalid", s.Options()...); err != nil {
		return counts, false
	}
	c, service := serve(t, s, fixed(answer{}))
	_, _ = c.Status(context.Background(), "7")
	sent := service.take(t)
	u, err := url.ParseRequestURI(sent.Path)
	require.NoError(t, err)
	return [2]int{strings.Count(u.EscapedPath(), "/"), strings.Count(u.RawQuery, "=")}, true
}

func TestARegionStaysWithinItsPartOfAHost(t *testing.T) {
	t.Parallel()
	for _, region := range []string{"evil.example/", "evil.example#", "evil.example?", "evil.example:80/x", "u@evil.example/", `evil.example\\`, "evil.example:443", "a b"} {
		s := dialects.AWSBatchJob(region)
		if _, err := rest.New(s.BaseURL, s.Options()...); err != nil {
			continue // refused
		}
		u, err := url.Parse(s.BaseURL)
		require.NoError(t, err)
		assert.True(t, strings.HasSuffix(u.Hostname(), ".amazonaws.com"), "%q leads to %s", region, u.Hostname())
	}
}
