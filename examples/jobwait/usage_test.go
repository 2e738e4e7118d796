package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/transport/rest/dialects"
)

// theURL stands for the URL of a job in wrongCalls.
const theURL = "URL"

// wrongCalls are the arguments of calls that are wrong, by a part of what is said of them.
var wrongCalls = map[string][]string{
	"nothing to wait for":                         {},
	"did you mean github-run":                     {"githb-run", "a/b", "1"},
	"did you mean gitlab-pipeline":                {"gitlab", "1"},
	`unknown service "zzzzzzzz": "job`:            {"zzzzzzzz"},
	"takes owner/repo ID; missing: owner/repo":    {"github-run"},
	`"golang" is no owner/repo`:                   {"github-run", "golang", "1"},
	"github-run takes owner/repo ID; missing: ID": {"github-run", "golang/go"},
	`takes project [ref] ID, and "d" is one`:      {"gitlab-pipeline", "a", "b", "c", "d"},
	"give yours by --base-url":                    {"jenkins-build", "job", "1"},
	"wants signed requests":                       {"aws-batch-job", "eu-west-1", "1"},
	"no URL that begins with http":                {"ftp://h/1"},
	"must hold no user name":                      {"http://ann:canary@h/1"},
	"other users can read the arg":                {"github-run", "a/b", "1", "--base-url", "http://ann:canary@h"},
	"one argument more":                           {theURL, "7"},
	"--base-url is for a service":                 {theURL, "--base-url", theURL},
	"--state is for a URL":                        {"github-run", "a/b", "1", "--state", "x"},
	"no URL, which begins with http://":           {"127.0.0.1:18/jobs/1", "--state", "x"},
	"--done is for a URL":                         {"github-run", "a/b", "1", "--done", "x"},
	"--token-header is for a URL":                 {"github-run", "a/b", "1", "--token-header", "x"},
	"exclude each other":                          {theURL, "--token-env", "A", "--token-command", "b"},
	`the environment has no "JOBWAIT_NO`:          {theURL, "--token-env", "JOBWAIT_NONE"},
	"--basic needs --token-env":                   {theURL, "--basic"},
	"must be a user name and a password":          {theURL, "--basic", "--token-command", "echo canary"},
	"flag provided but not defined":               {theURL, "--token", "canary"},
	`"x" means completed and failed`:              {theURL, "--done", "x", "--failed", "x"},
	"--state names several places":                {theURL, "--state", "a, b"},
	"has 1 pattern, for 2 places":                 {theURL, "--state", "a, b", "--done", "x"},
	"a key is empty":                              {theURL, "--state", "a..b"},
	"--show: want auto, updates":                  {theURL, "--show", "x"},
	"duration above zero":                         {theURL, "--timeout", "0"},
	"WithMaxDelay(-1s)":                           {theURL, "--max-delay", "-1s"},
	"and no flag":                                 {"list", "-x"},
	`"zzz": "jobwait list" lists all`:             {"list", "zzz"},
	"explain takes a service":                     {"explain"},
	"has no such stage":                           {"explain", "github-run", "--stage", "1"},
	"--done is for a URL: the":                    {"explain", "github-run", "--done", "x"},
	"did you mean jenkins-build":                  {"explain", "jenkins-biuld"},
}

func TestAWrongCallSaysWhatIsWrongAndAsksNobody(t *testing.T) {
	t.Parallel()
	url, asked := service(t, "Authorization", "")
	for want, args := range wrongCalls {
		args = slices.Clone(args)
		for i := range args {
			args[i] = strings.Replace(args[i], theURL, url, 1)
		}

		r := waitFor(t, args...)
		if len(args) > 0 && (args[0] == "list" || args[0] == "explain") {
			r = call(t, t.Context(), "", args...)
		}
		assert.Equal(t, exitUsage, r.code, args, r)
		assert.Contains(t, r.errors, want, args)
		assert.NotContains(t, r.out+r.errors, "canary", args)
		assert.Empty(t, r.out, args)
	}
	assert.Zero(t, asked.Load())
}

func TestListNamesTheServices(t *testing.T) {
	t.Parallel()
	r := call(t, t.Context(), "", "list")
	assert.Equal(t, exitCompleted, r.code)
	assert.Len(t, strings.Split(strings.TrimSpace(r.out), "\n"), len(dialects.All()))
	assert.Regexp(t, `(?m)^github-run owner/repo ID +GitHub Actions runs +https://api.github.com +https://docs.github.com`, r.out)
	assert.Regexp(t, `(?m)^jenkins-build job ID +Jenkins builds +--base-url URL `, r.out)
	r = call(t, t.Context(), "", "list", "GIT", "run")
	assert.Len(t, strings.Split(strings.TrimSpace(r.out), "\n"), 3, r.out)
}

func TestHelpIsNoMistake(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-h"}, {"--help"}, {"explain", "-h"}} {
		r := call(t, t.Context(), "", args...)
		assert.Equal(t, exitCompleted, r.code, args)
		assert.Contains(t, r.out, "usage:")
		assert.Contains(t, r.out, "-state")
		assert.Empty(t, r.errors)
	}
}

func TestAnArgumentBehindTwoDashesIsNoFlag(t *testing.T) {
	t.Parallel()
	srv := mock.NewServer(t, mock.WithDialect(dialects.GitHubActionsRun("a/b").Dialect), mock.Job("-7", mock.Completed(nil)))
	r := waitFor(t, "--base-url", srv.URL, "github-run", "a/b", "--", "-7")
	assert.NotEqual(t, exitCompleted, r.code, "the flag --cache stands behind --")
	r = call(t, t.Context(), "", "--no-cache", "--base-url", srv.URL, "github-run", "a/b", "--", "-7")
	assert.Equal(t, exitCompleted, r.code, r)
}
