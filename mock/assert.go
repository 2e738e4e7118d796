package mock

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The assertions of a [Service] report whether they hold. An assertion that does not hold fails the
// test and prints the job's [Service.Timeline]. An assertion about nothing fails too: about a job
// that the service does not know and was not asked about, or about calls that [KeepCalls] dropped.

// AssertPolls fails the test unless the job was polled n times.
func (s *Service) AssertPolls(t TB, id string, n int) bool {
	t.Helper()
	if !assertKnows(t, s, id) {
		return false
	}
	if !s.registry.knows(id) && !assertKept(t, s, "AssertPolls", id) {
		return false
	}
	if got := s.Polls(id); got != n {
		t.Errorf("mock: job %q was polled %d times, not %d:\n%s", id, got, n, s.Timeline(id))
		return false
	}
	return true
}

// AssertGaps fails the test unless the times between the polls of the job are exactly gaps. Without
// gaps, it fails unless there was one poll.
func (s *Service) AssertGaps(t TB, id string, gaps ...time.Duration) bool {
	t.Helper()
	if !assertAsked(t, s, id) || !assertKept(t, s, "AssertGaps", id) {
		return false
	}
	var got []time.Duration
	for i, calls := 1, s.asked(id); i < len(calls); i++ {
		got = append(got, calls[i].Time.Sub(calls[i-1].Time))
	}
	if !slices.Equal(got, gaps) {
		t.Errorf("mock: the polls of job %q are %v apart, not %v:\n%s", id, got, gaps, s.Timeline(id))
		return false
	}
	return true
}

// AssertQuietAfterEnd fails the test if the job was polled again after an answer had reported its
// end. It also fails if no answer reported an end. An empty id stands for every job. A list of all
// jobs neither counts as a poll after an end, nor forbids one: see [MaxBatch].
func (s *Service) AssertQuietAfterEnd(t TB, id string) bool {
	t.Helper()
	if !assertAsked(t, s, id) {
		return false
	}
	ended := map[string]int{} // how many calls had come when an answer reported the end of each job
	listed := false           // whether a list of all jobs reported an end
	for _, c := range s.asked(id) {
		if c.all { // the client may have asked about other jobs in the list
			listed = listed || c.State.Terminal()
			continue
		}
		if at, ok := ended[c.ID]; ok && c.nth >= at {
			t.Errorf("mock: job %q was polled after an answer had reported its end:\n%s", c.ID, s.Timeline(c.ID))
			return false
		}
		if at, ok := ended[c.ID]; c.State.Terminal() && (!ok || c.told < at) {
			ended[c.ID] = c.told
		}
	}
	told := len(ended) > 0 || listed
	if !assertKept(t, s, "AssertQuietAfterEnd", id) {
		return false
	}
	if !told {
		t.Errorf("mock: %s: no poll was told that a job has ended:\n%s", about(id), s.Timeline(id))
	}
	return told
}

// AssertUnseen fails the test if the path, the query or a header of any request contains the
// secret. It finds the secret in plain text, percent-encoded, and in basic authentication. It also
// fails if no request came over HTTP.
func (s *Service) AssertUnseen(t TB, secret string) bool {
	t.Helper()
	if secret == "" {
		t.Errorf("mock: AssertUnseen: the secret is empty")
		return false
	}
	if !assertAsked(t, s, "") {
		return false
	}
	overHTTP := false
	for _, c := range s.Calls("") {
		overHTTP = overHTTP || c.Method != ""
		if c.shows(secret) {
			mask := strings.NewReplacer(secret, "[secret]", url.PathEscape(secret), "[secret]", url.QueryEscape(secret), "[secret]")
			t.Errorf("mock: a secret was seen in %s:\n%s", mask.Replace(c.Method+" "+c.Path), mask.Replace(s.Timeline("")))
			return false
		}
	}
	if !assertKept(t, s, "AssertUnseen", "") {
		return false
	}
	if !overHTTP {
		t.Errorf("mock: AssertUnseen: no request came over HTTP, and others have neither a path nor headers: use NewServer")
	}
	return overHTTP
}

// shows reports whether the path or a header holds a secret.
func (c *Call) shows(secret string) bool {
	texts := []string{c.Path}
	if text, err := url.PathUnescape(c.Path); err == nil {
		texts = append(texts, text)
	}
	if text, err := url.QueryUnescape(c.Path); err == nil {
		texts = append(texts, text)
	}
	for name, values := range c.Header {
		texts = append(texts, name)
		for _, value := range values {
			texts = append(texts, value)
			if text, err := url.QueryUnescape(value); err == nil {
				texts = append(texts, text)
			}
			if _, word, ok := strings.Cut(value, " "); ok {
				if text, err := base64.StdEncoding.DecodeString(word); err == nil {
					texts = append(texts, string(text))
				}
			}
		}
	}
	return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, secret) })
}

// assertKnows fails the test if the service neither knows a job nor was asked about it.
func assertKnows(t TB, s *Service, id string) bool {
	t.Helper()
	switch {
	case !s.made():
		t.Errorf("mock: %v", errNotMade)
		return false
	case id != "" && s.registry.knows(id) || len(s.asked(id)) > 0:
		return true
	case s.journal.forgotten() > 0:
		return assertKept(t, s, "an assertion", id)
	default:
		t.Errorf("mock: %s: the service knows no such job, and was not asked about one:\n%s", about(id), s.Timeline(""))
		return false
	}
}

// assertAsked fails the test if nobody asked about a job. With an empty id it fails the test if
// there was no call.
func assertAsked(t TB, s *Service, id string) bool {
	t.Helper()
	if id == "" && s.made() && (len(s.Calls("")) > 0 || s.journal.forgotten() > 0) {
		return true
	}
	if !assertKnows(t, s, id) {
		return false
	}
	if s.Polls(id) == 0 {
		t.Errorf("mock: %s: nobody asked about it:\n%s", about(id), s.Timeline(""))
		return false
	}
	return true
}

// assertKept fails the test if a call about a job was not kept.
func assertKept(t TB, s *Service, assertion, id string) bool {
	t.Helper()
	if s.journal.forgotten() == 0 || id != "" && s.registry.knows(id) && len(s.asked(id)) == s.Polls(id) {
		return true
	}
	t.Errorf("mock: %s: %s needs calls that were not kept: make the service without KeepCalls, or let it keep more:\n%s",
		about(id), assertion, s.Timeline(id))
	return false
}

// knows reports whether the service has a job.
func (g *registry) knows(id string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.jobs[id] != nil
}

func about(id string) string {
	if id == "" {
		return "all jobs"
	}
	return fmt.Sprintf("job %q", id)
}
