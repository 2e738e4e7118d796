package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// ended is the end of a job of a kind.
func ended(kind string) backoff.Outcome {
	return backoff.Outcome{Key: "1", Kind: kind, After: time.Second, Before: 2 * time.Second, Ended: true}
}

func TestExplainTellsWhatIsReadPlaceByPlace(t *testing.T) {
	t.Parallel()
	const failed = `{"id":5,"status":"completed","conclusion":"failure","created_at":"2026-01-02T03:04:05Z"}`
	for _, c := range []struct {
		name, input string
		args        []string
		says        []string
	}{
		{"a body", failed, []string{"github-run"}, []string{
			"status: 1: failed (completed, failure)\n", "rule: States \"completed, +\"\n",
			"State      status                         \"completed\"\n", "Updated    updated_at                     nothing\n",
		}},
		{"an id", failed, []string{"github-run", "a/b", "--id", "5"}, []string{"status: 5: failed", "AnswerID   id                             5\n"}},
		{"another job's id", failed, []string{"--id", "6", "github-run"}, []string{"the answer is about another job"}},
		{"a code", `{"message":"Not Found"}`, []string{"github-run", "--code", "404"}, []string{"error: ", "404 Not Found"}},
		{"an answer with headers", "HTTP/1.1 403 Forbidden\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 99\r\n\r\n{\"message\":\"slow\"}", []string{"github-run"},
			[]string{"error: ", "403", "class: throttled\n", "Fault      @code                          403\n"}},
		{"headers of HTTP/2, and a redirect", "HTTP/2 301 \r\nlocation: /x\r\n\r\nHTTP/2 200 \r\ncontent-type: application/json\r\n\r\n" + failed, []string{"github-run"},
			[]string{"status: 1: failed"}},
		{"headers alone", "HTTP/1.1 202 Accepted\r\nLocation: /x\r\n\r\n", []string{"accepted-location"}, []string{"status: 1: running (202)"}},
		{"a URL", `{"state":"ok"}`, []string{"https://h/jobs/7", "--state", "state", "--done", "ok"}, []string{"status: /jobs/7: completed (ok)"}},
		{"an error that no place reads", `{"state":"ok","jobError":"timed out","errors":[],"failures":{},"failed":0,"isError":false,"failure":"","exception":null}`, []string{"https://h/7", "--state", "state", "--done", "ok"},
			[]string{"status: /7: completed (ok)", "note: the answer says something at jobError, which no place reads"}},
		{"an error that nobody named", `{"state":"ok","error":"timed out"}`, []string{"https://h/7", "--state", "state", "--done", "ok"}, []string{"status: /7: failed (ok): timed out\nrule: Error ("}},
		{"an error beside the state", `{"job":{"state":"ok","errors":["timed out"]}}`, []string{"https://h/7", "--state", "job.state", "--done", "ok"}, []string{"status: /7: failed (ok)"}},
		{"an error beside the state of an element", `{"jobs":[{"state":"ok","error":"timed out"}]}`, []string{"https://h/7", "--state", "jobs[0].state", "--done", "ok"}, []string{"status: /7: failed (ok): timed out"}},
		{"an error beside one of two states", `{"a":"ok","b":{"c":1,"error":"timed out"}}`, []string{"https://h/7", "--state", "a, b.c", "--done", "ok, 1"}, []string{"failed"}},
		{"a job with the id that is taken where none is named", `{"jobs":{"1":{"s":"ok"}}}`, []string{"https://h/7", "--id", "1", "--state", "jobs.{id}.s", "--done", "ok"}, []string{"status: 1: completed (ok)"}},
		{"an error that is none", `{"state":"ok","error":"0 of 9"}`, []string{"https://h/7", "--state", "state", "--done", "ok", "--error", "-"},
			[]string{"status: /7: completed (ok)", "note: the answer says something at error, which no place reads"}},
		{"a place with a comma in brackets", `{"c":[{"a":"x","b":"ok"}]}`, []string{"https://h/7", "--state", "c[a=x,b!=no].b"}, []string{"status: /7: unknown (ok)"}},
		{"a service with a number for a parameter", `{"data":[]}`, []string{"linode-event"}, []string{"State "}},
		{"a place with the id", `{"x":{"status":{"completed":true,"status_str":"success"}}}`, []string{"comfyui-prompt"}, []string{"read with --id ID alone"}},
		{"an unknown word", `{"status":"paused"}`, []string{"github-run"}, []string{"status: 1: unknown (paused)"}},
		{"a page", `<html>`, []string{"github-run"}, []string{"200 with a page in place of an answer"}},
		{"no JSON", `ok`, []string{"github-run"}, []string{"class: malformed"}},
		{"the second stage", `{"building":false,"result":"FAILURE"}`, []string{"jenkins-build", "--stage", "1"}, []string{": failed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := call(t, t.Context(), c.input, append([]string{"explain"}, c.args...)...)
			code := exitCompleted
			if strings.Contains(r.out, ": unknown (") || strings.Contains(r.out, "class: malformed") || strings.Contains(r.out, "a page in place") {
				code = exitNotUnderstood
			}
			assert.Equal(t, code, r.code, r)
			notes := 0
			for _, text := range c.says {
				assert.Contains(t, r.out, text)
				notes += strings.Count(text, "which no place reads")
			}
			assert.Equal(t, notes, strings.Count(r.out, "which no place reads"), r.out)
			assert.Empty(t, r.errors)
		})
	}
}

func TestAnAnswerWithoutACodeIsRefused(t *testing.T) {
	t.Parallel()
	for _, input := range []string{"HTTP/1.1", "HTTP/1.1 x\r\n\r\n", "HTTP/1.1 200 OK\r\nno header\r\n\r\n"} {
		r := call(t, t.Context(), input, "explain", "github-run")
		assert.Equal(t, exitUsage, r.code, input)
		assert.Contains(t, r.errors, "the answer", input)
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte("HTTP/2 200 \r\na: b\r\n\r\n{}"), 200)
	f.Add([]byte("HTTP/1.1 301\n\nHTTP/"), 0)
	f.Fuzz(func(t *testing.T, input []byte, code int) {
		a, err := answerOf(input, code)
		if err == nil && len(a.Body) > len(input) {
			t.Fatal("the body is longer than the answer")
		}
	})
}

// FuzzDistance looks for names whose distance is no distance.
func FuzzDistance(f *testing.F) {
	f.Add("github-run", "githb-rnu")
	f.Add("", "a")
	f.Fuzz(func(t *testing.T, a, b string) {
		a, b = a[:min(len(a), maxCompared)], b[:min(len(b), maxCompared)]
		d := distance(a, b)
		if d != distance(b, a) || d > max(len(a), len(b)) || (d == 0) != (a == b) || d < max(len(a)-len(b), len(b)-len(a)) {
			t.Fatalf("%q and %q: %d", a, b, d)
		}
	})
}
