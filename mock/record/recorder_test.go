package record_test

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/mock/fault"
	"github.com/iamber12/job-status-monitoring/mock/record"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// follow creates a job at a service, follows it with the given wait between polls, and returns what
// it saw and how long it took.
func follow(t *testing.T, clk *mock.Clock, gap time.Duration, url string, opts ...rest.Option) (seen []jobstatus.Status, took time.Duration) {
	t.Helper()
	client, err := rest.New(url, opts...)
	require.NoError(t, err)
	defer client.Close()
	w, err := jobstatus.New(client, jobstatus.WithClock(clk), jobstatus.WithBackoff(backoff.Constant(gap)))
	require.NoError(t, err)
	defer w.Close()
	clk.Run(func() {
		began := clk.Now()
		id, err := w.CreateJob(t.Context())
		require.NoError(t, err)
		for st, err := range w.Updates(t.Context(), id, jobstatus.MaxAttempts(jobstatus.Unlimited), jobstatus.Timeout(time.Hour)) {
			assert.NoError(t, err)
			seen = append(seen, st)
		}
		took = clk.Since(began)
	})
	return seen, took
}

// ask returns the code and the body of the answer to a GET.
func ask(t *testing.T, client *http.Client, url string) string {
	t.Helper()
	answer, err := client.Get(url)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return fmt.Sprint(answer.StatusCode, " ", string(body))
}

func TestARecordingIsPlayedBack(t *testing.T) {
	t.Parallel()
	const token, secret = "a-token-of-many-letters", "canary-in-a-field"
	file := filepath.Join(t.TempDir(), "report.json")
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, mock.WithClock(clk), mock.WithETags(), mock.Fault(fault.Nth(4), fault.Latency(time.Second)), mock.Created(
		mock.Pending(30*time.Second), mock.Running(30*time.Second).With(0.5, "for "+token),
		mock.Completed(map[string]any{"url": "/reports/7", "session": secret, "n": 12345678901234567})))
	recorder := record.New(nil)
	want, _ := follow(t, clk, 10*time.Second, srv.URL, rest.WithRoundTripper(recorder), rest.WithHeader("Authorization", "Bearer "+token))
	require.NoError(t, recorder.Save(file))
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.NotContains(t, string(data), token)
	assert.NotContains(t, string(data), secret)
	assert.Contains(t, string(data), `"took": "1s"`)
	assert.NotContains(t, string(data), "304")

	for _, gap := range []time.Duration{time.Second, 10 * time.Second, 17 * time.Second} {
		clk := mock.NewClock(t)
		srv := mock.NewServer(t, mock.WithClock(clk), mock.Replay(file))
		got, took := follow(t, clk, gap, srv.URL)
		require.Len(t, got, 3)
		assert.Equal(t, want[0].Raw, got[0].Raw)
		assert.Equal(t, "for [redacted]", got[1].Message)
		assert.Equal(t, `{"n":12345678901234567,"session":"[redacted]","url":"/reports/7"}`, string(got[2].Result))
		if gap == 10*time.Second {
			assert.Equal(t, 63*time.Second, took, "an answer takes as long as it took: three times a second, here")
		}
		assert.GreaterOrEqual(t, took, time.Minute)
		assert.Less(t, took, 62*time.Second+gap)
		srv.AssertPolls(t, got[0].ID, len(srv.Calls(got[0].ID)))
	}
}

// fault 65: whatever a request says of who asks stands nowhere in a recording, however it is
// escaped.
func TestARecordingHoldsNoSecretInAnyForm(t *testing.T) {
	t.Parallel()
	const canary = `can"ary/<7>&' +ü`
	quoted := func(s string) string {
		text, err := json.Marshal(s)
		require.NoError(t, err)
		return string(text)
	}
	request := func(mark func(r *http.Request)) *http.Request {
		r := httptest.NewRequest(http.MethodGet, "http://mock.test/status/a", nil)
		mark(r)
		return r
	}
	set := func(name, value string) *http.Request {
		return request(func(r *http.Request) { r.Header.Set(name, value) })
	}
	query := func(name string) *http.Request {
		return request(func(r *http.Request) { r.URL.RawQuery = url.Values{name: {canary}}.Encode() })
	}
	requests := map[string]*http.Request{
		"Authorization": set("Authorization", "Bearer "+canary), "X-Api-Key": set("X-Api-Key", canary), "X-Any": set("X-Any", canary),
		"Ocp-Apim-Subscription-Key": set("Ocp-Apim-Subscription-Key", canary), "Cookie": set("Cookie", "sid="+canary),
		"basic": request(func(r *http.Request) { r.SetBasicAuth("me", canary) }),
		"user":  request(func(r *http.Request) { r.URL.User = url.UserPassword("me", canary) }),
	}
	for _, name := range []string{"key", "sig", "code", "jwt", "subscription-key", "access_token", "any"} {
		requests["query "+name] = query(name)
	}
	escapes := map[string]func(string) string{
		"plain": func(s string) string { return s }, "query": url.QueryEscape, "path": url.PathEscape, "html": html.EscapeString,
		"json": func(s string) string { return strings.Trim(quoted(s), `"`) }, "lower": func(s string) string { return strings.ToLower(url.QueryEscape(s)) },
	}
	for from, r := range requests {
		for how, escape := range escapes {
			echo := escape(canary)
			for kind, body := range map[string]string{
				"text": "you are " + echo, "json": `{"payload":{"you":` + quoted("are "+echo) + `,"links":[` + quoted(echo) + `],` + quoted(echo) + `:1}}`,
				"bytes": "\xff" + echo,
			} {
				recorder := record.New(roundTripper(func(*http.Request) *http.Response {
					return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{
						"Location": {"https://mock.test/next?any=" + url.QueryEscape(canary)}, "Etag": {quoted(echo)}, "Set-Cookie": {echo}}}
				}))
				answer, err := recorder.RoundTrip(r)
				require.NoError(t, err)
				said, err := io.ReadAll(answer.Body)
				require.NoError(t, err)
				assert.Equal(t, body, string(said), "the client sees what came")
				file := filepath.Join(t.TempDir(), "r.json")
				require.NoError(t, recorder.Save(file))
				data, err := os.ReadFile(file)
				require.NoError(t, err)
				text := string(data)
				if kind == "bytes" {
					var saved struct{ Exchanges []struct{ Base64 []byte } }
					require.NoError(t, json.Unmarshal(data, &saved))
					text += string(saved.Exchanges[0].Base64)
				}
				for _, escape := range escapes {
					for _, form := range []string{escape(canary), strings.Trim(quoted(escape(canary)), `"`)} {
						assert.NotContains(t, text, form, "%s of %s, %s", kind, from, how)
					}
				}
				assert.NotContains(t, text, "ary", "%s of %s, %s", kind, from, how)
			}
		}
	}
}

type roundTripper func(*http.Request) *http.Response

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

// What is said by name to be no secret is kept, and tells requests apart in a replay. What is
// masked stands for anything.
func TestARecordingKeepsWhatItIsTold(t *testing.T) {
	t.Parallel()
	recorder := record.New(roundTripper(func(r *http.Request) *http.Response {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(
			`{"id":"` + r.URL.Query().Get("id") + `","tenant":"` + r.Header.Get("X-Tenant") + `","n":12345678}`))}
	})).KeepQuery("id").KeepHeader("x-tenant")
	for _, id := range []string{"report-0001", "report-0002"} {
		r := httptest.NewRequest(http.MethodGet, "http://mock.test/jobs?id="+id+"&key=s3cret-of-mine&n=12345678", nil)
		r.Header.Set("X-Tenant", "production-eu")
		_, err := recorder.RoundTrip(r)
		require.NoError(t, err)
	}
	file := filepath.Join(t.TempDir(), "r.json")
	require.NoError(t, recorder.Save(file))
	srv := mock.NewServer(t, mock.Replay(file))
	for _, id := range []string{"report-0002", "report-0001"} {
		assert.Equal(t, `200 {"id":"`+id+`","n":"[redacted]","tenant":"production-eu"}`, ask(t, srv.Client(), srv.URL+"/jobs?key=another&n=1&id="+id))
	}
	assert.Contains(t, ask(t, srv.Client(), srv.URL+"/jobs?key=another&n=1&id=report-0003"), "404")
	assert.Contains(t, ask(t, srv.Client(), srv.URL+"/jobs?id=report-0001"), "404")
	assert.Contains(t, srv.Timeline(""), "key=another", "the replaying service keeps what it is asked")
}

func TestARecorderThatWasNotMadeSaysSo(t *testing.T) {
	t.Parallel()
	var none *record.Recorder
	_, err := none.RoundTrip(httptest.NewRequest(http.MethodGet, "/", nil))
	require.ErrorContains(t, err, "the Recorder is nil")
	require.ErrorContains(t, none.Save(filepath.Join(t.TempDir(), "r.json")), "the Recorder is nil")
}

func TestAnAnswerThatIsTooLargeIsNotRecorded(t *testing.T) {
	t.Parallel()
	clk := mock.NewClock(t)
	srv := mock.NewServer(t, mock.WithClock(clk), mock.Created(mock.Completed(strings.Repeat("x", 2<<20))))
	recorder := record.New(nil)
	client, err := rest.New(srv.URL, rest.WithRoundTripper(recorder))
	require.NoError(t, err)
	w, err := jobstatus.New(client, jobstatus.WithClock(clk))
	require.NoError(t, err)
	defer w.Close()
	clk.Run(func() {
		id, err := w.CreateJob(t.Context())
		require.NoError(t, err)
		_, err = w.WaitForJob(t.Context(), id)
		assert.ErrorContains(t, err, "too large", "the client sees what came")
	})
	require.ErrorContains(t, recorder.Save(filepath.Join(t.TempDir(), "r.json")), "is over 1048576 bytes")
}
