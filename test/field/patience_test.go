package field

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// oddities are answers that say nothing certain about a job, so that the patience decides.
func oddities() map[string]reply {
	return map[string]reply{
		"404 of an ingress":         {code: 404, body: "default backend - 404"},
		"404 of the service":        {code: 404, body: `{"payload":{"status":"completed"}}`},
		"nothing":                   ok(""),
		"205":                       code(205),
		"a text":                    ok("OK").with("Content-Type", "text/plain"),
		"JSON that is cut short":    ok(`{"payload":{"status":"compl`),
		"two documents":             says("completed").and(`{"payload":{"status":"running"}}`),
		"a key that stands twice":   ok(`{"payload":{"status":"completed","status":"running"}}`),
		"a key in another case":     ok(`{"payload":{"status":"completed","Status":"running"}}`),
		"null":                      ok("null"),
		"a status that is null":     ok(`{"payload":{"status":null}}`),
		"a status that is absent":   ok(`{"payload":{}}`),
		"a status with parts":       ok(`{"payload":{"status":["completed"]}}`),
		"an array":                  ok("[]"),
		"NUL bytes":                 ok("\x00\x00"),
		"UTF-16":                    ok("\xff\xfe{\x00}\x00"),
		"what is nested deeply":     ok(strings.Repeat(`{"payload":`, 70) + "1" + strings.Repeat("}", 70)),
		"more than fits":            ok(`{"payload":{"status":"completed"}}` + strings.Repeat(" ", maxBody)),
		"another encoding":          ok("\x0b\x02\x80").with("Content-Encoding", "br"),
		"304 that nobody asked":     code(304),
		"a code of its own":         code(999),
		"421":                       code(421),
		"a portal":                  code(302).with("Location", "https://portal.test/login"),
		"a redirect to itself":      code(307).with("Location", "/status/1"),
		"a redirect to a file":      code(302).with("Location", "ftp://service.test/"),
		"a redirect to nowhere":     code(301),
		"an empty location":         code(308).with("Location", ""),
		"300":                       code(300),
		"305":                       code(305),
		"303 to where one signs in": code(303).with("Location", "/login?next=/status/1"),
		"303 to itself, once more":  code(303).with("Location", "/status/1?attempt=2"),
		"303 to a failure":          code(303).with("Location", "/status/1/failed"),
		"a foreign certificate":     {err: &tls.CertificateVerificationError{Err: errors.New("x509: certificate signed by unknown authority")}},
		"no TLS at all":             {err: tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}},
	}
}

// and appends to the body.
func (r reply) and(more string) reply {
	r.body += more
	return r
}

// lapses are answers by which nothing is lost however long they come: the service is ill.
func lapses() map[string]reply {
	return map[string]reply{
		"a page":                   ok("<!DOCTYPE html><p>Please sign in").with("Content-Type", "text/html; charset=utf-8"),
		"a page that is too large": ok("<html>" + strings.Repeat(" ", maxBody)),
		"408":                      code(408),
		"425":                      code(425),
		"429":                      code(429),
		"449":                      code(449),
		"499":                      code(499),
		"500":                      {code: 500, body: "panic"},
		"502 in JSON":              {code: 502, body: `{"payload":{"status":"error"}}`},
		"503 that says done":       {code: 503, body: `{"payload":{"status":"completed"}}`},
		"504":                      code(504),
		"511":                      code(511),
		"522 that says failed":     {code: 522, body: `{"payload":{"status":"error"}}`},
		"529":                      code(529),
		"500 that is too large":    {code: 500, body: strings.Repeat(" ", maxBody)},
		"a connection refused":     {err: errors.New("dial tcp: connection refused")},
		"gzip that is none":        ok("\x1f\x8bxxxx").with("Content-Encoding", "gzip"),
	}
}

// everyThreeSeconds makes a long wait cheap.
var everyThreeSeconds = jobstatus.WithBackoff(backoff.Constant(3 * time.Second))

// fault 6, fault 17, fault 18, fault 23: no odd answer costs a job that was seen, as long as good
// ones come between, and however the two alternate.
func TestNoOddAnswerEndsAWaitThatIsWellOtherwise(t *testing.T) {
	t.Parallel()
	for _, kind := range []map[string]reply{oddities(), lapses()} {
		for name, odd := range kind {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					began := time.Now()
					g := newGateway(func(n int, _ *http.Request) reply {
						switch at := time.Since(began); {
						case at > 100*time.Second:
							return says("completed")
						case n > 1 && int(at.Seconds())%25 < 20: // for 20 s of each 25
							return odd
						default:
							return says("running")
						}
					})
					o := g.wait(t, rest.Dialect{}, everyThreeSeconds)
					require.NoError(t, o.err)
					assert.Equal(t, jobstatus.Completed, o.State)
					assert.Greater(t, o.took, 100*time.Second, "an odd answer is no success, either")
					assert.LessOrEqual(t, o.took, 105*time.Second)
				})
			})
		}
	}
}

// fault 17, fault 18: an odd answer for good ends the wait, once the patience is over.
func TestOddAnswersForGoodEndTheWaitWithThePatience(t *testing.T) {
	t.Parallel()
	for name, odd := range oddities() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := script(says("running"), says("running"), odd).wait(t, rest.Dialect{})
				require.Error(t, o.err)
				assert.False(t, errors.As(o.err, new(*jobstatus.WaitError)), "%v", o.err)
				assert.ErrorContains(t, o.err, "(for 30s, 31 polls)")
				assert.Equal(t, jobstatus.Running, o.State, "the newest that was seen")
				assert.Equal(t, 32*time.Second, o.took)
			})
		})
	}
}

// fault 1, fault 12: an outage is no reason to give up.
func TestAnOutageIsWaitedOutForAsLongAsItTakes(t *testing.T) {
	t.Parallel()
	for name, lapse := range lapses() {
		for _, first := range []reply{says("running"), lapse} { // also where the job was never seen
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					began := time.Now()
					g := newGateway(func(n int, _ *http.Request) reply {
						switch {
						case n == 1:
							return first
						case time.Since(began) > 2*time.Minute:
							return says("completed")
						default:
							return lapse
						}
					})
					o := g.wait(t, rest.Dialect{}, everyThreeSeconds)
					require.NoError(t, o.err)
					assert.LessOrEqual(t, o.took, 2*time.Minute+15*time.Second)
				})
			})
		}
	}
}

// fault 18: while a service is down it does not say that it has no such job. So an outage between
// two odd answers does not use up the patience, and the service may be odd again as it comes back.
func TestAnOutageBetweenOddAnswersDoesNotUseUpThePatience(t *testing.T) {
	t.Parallel()
	for name, lapse := range lapses() {
		for _, first := range []reply{says("running"), code(404)} { // also where the job was never seen
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					began := time.Now()
					gone := false
					g := newGateway(func(n int, _ *http.Request) reply {
						switch at := time.Since(began); {
						case n == 1:
							return first
						case at < 5*time.Second, at > 2*time.Minute && at < 2*time.Minute+20*time.Second, gone:
							return code(404)
						case at > 2*time.Minute:
							return says("completed")
						default:
							return lapse
						}
					})
					o := g.wait(t, rest.Dialect{})
					require.NoError(t, o.err)
					assert.LessOrEqual(t, o.took, 2*time.Minute+30*time.Second)
					gone = true
					o = g.wait(t, rest.Dialect{})
					require.ErrorIs(t, o.err, jobstatus.ErrNotFound, "without an outage it ends as ever")
					assert.ErrorContains(t, o.err, "(for 30s, 31 polls)")
				})
			})
		}
	}
}

// What a service says of itself ends the wait at once, with what it said.
func TestARefusalEndsTheWaitAtOnce(t *testing.T) {
	t.Parallel()
	for _, n := range []int{100, 101, 103, 400, 401, 403, 405, 407, 410, 422, 451, 501, 505} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := script(says("running"), reply{code: n, body: "no"}).wait(t, rest.Dialect{})
				require.ErrorContains(t, o.err, fmt.Sprint(n))
				assert.Equal(t, time.Second, o.took)
			})
		})
	}
}

// fault 19: a token may be refused as often as it is replaced.
func TestATokenThatIsRefusedAgainAndAgainIsReplacedEachTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		token := func(context.Context) (string, error) {
			asked++
			return fmt.Sprint("token-", asked), nil
		}
		last := ""
		g := newGateway(func(n int, r *http.Request) reply {
			is := r.Header.Get("Authorization")
			switch {
			case is == last: // each serves once
				return code(401)
			case n > 100:
				return says("completed")
			default:
				last = is
				return says("running")
			}
		})
		w := g.watcherWith(t, []rest.Option{rest.WithToken(token)})
		_, err := w.WaitForJob(t.Context(), "1")
		require.NoError(t, err)
		assert.LessOrEqual(t, asked, 52)
	})
}
