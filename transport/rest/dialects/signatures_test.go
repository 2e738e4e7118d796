package dialects_test

import (
	"cmp"
	"crypto"
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/rest/dialects"
	"github.com/iamber12/job-status-monitoring/transport/webhook"
)

const hookKey = "a-made-up-key-of-thirty-two-byte"

// signature is how a service signs its webhooks: the Verifier for it, and the header of a body.
type signature struct {
	verifier webhook.Verifier
	header   func(body string) http.Header
	query    string // of the URL that the service is told to call
}

func digest(h crypto.Hash, text string) []byte {
	m := hmac.New(h.New, []byte(hookKey))
	m.Write([]byte(text))
	return m.Sum(nil)
}

// ofBody is an HMAC-SHA256 of the body in hex, after a prefix.
func ofBody(name, prefix string) signature {
	return signature{verifier: webhook.HMAC(webhook.HMACScheme{Header: name, Prefix: prefix}, hookKey), header: func(body string) http.Header {
		return hookHeader(name, prefix+hex.EncodeToString(digest(crypto.SHA256, body)))
	}}
}

// timed is a header with a time and an HMAC-SHA256 of the time and the body.
func timed(name string) signature {
	return signature{verifier: webhook.Timed(name, hookKey), header: func(body string) http.Header {
		return hookHeader(name, "t=1800000000,v1="+hex.EncodeToString(digest(crypto.SHA256, "1800000000."+body)))
	}}
}

// secret is a header with a secret.
func secret(name, value string) signature {
	return signature{verifier: webhook.SharedHeader(name, value), header: func(string) http.Header { return hookHeader(name, value) }}
}

func standard() signature {
	return signature{verifier: webhook.StandardWebhooks("whsec_" + base64.StdEncoding.EncodeToString([]byte(hookKey))), header: func(body string) http.Header {
		sum := digest(crypto.SHA256, "msg_1.1800000000."+body)
		return hookHeader("webhook-id", "msg_1", "webhook-timestamp", "1800000000", "webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(sum))
	}}
}

func hookHeader(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

// inURL is a secret in the URL, for a service that signs nothing.
func inURL() signature {
	return signature{webhook.SharedQuery("token", hookKey), func(string) http.Header { return http.Header{} }, "?token=" + hookKey}
}

// cloudinary is a plain hash of the body, the time and the key.
func cloudinary() signature {
	scheme := webhook.HMACScheme{Header: "X-Cld-Signature", Hash: crypto.SHA1, TimeHeader: "X-Cld-Timestamp", Signed: "{body}{time}{key}"}
	return signature{verifier: webhook.HMAC(scheme, hookKey), header: func(body string) http.Header {
		sum := crypto.SHA1.New()
		sum.Write([]byte(body + "1800000000" + hookKey))
		return hookHeader("X-Cld-Signature", hex.EncodeToString(sum.Sum(nil)), "X-Cld-Timestamp", "1800000000")
	}}
}

// buildkite is a header with fields, which a pipeline may have in place of its token.
func buildkite() signature {
	scheme := webhook.HMACScheme{Header: "X-Buildkite-Signature", Field: "signature", TimeField: "timestamp", Signed: "{time}.{body}"}
	return signature{verifier: webhook.HMAC(scheme, hookKey), header: func(body string) http.Header {
		return hookHeader("X-Buildkite-Signature", "timestamp=1800000000,signature="+hex.EncodeToString(digest(crypto.SHA256, "1800000000."+body)))
	}}
}

// signatures has how each service signs, as its documentation says.
func signatures() map[string]signature {
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("hooks:"+hookKey))
	return map[string]signature{
		"apify-run":            secret("X-Hook-Secret", hookKey), // a header of the user's choice
		"awx-job":              secret("Authorization", basic),
		"azure-devops-build":   secret("Authorization", basic),
		"bitbucket-pipeline":   ofBody("X-Hub-Signature", "sha256="),
		"buildkite-build":      buildkite(),
		"bunny-stream-video":   ofBody("X-BunnyStream-Signature", ""),
		"circleci-workflow":    ofBody("circleci-signature", "v1="),
		"cloudinary-upload":    cloudinary(),
		"convertapi-job":       inURL(),
		"luma-generation":      inURL(),
		"cloudconvert-job":     ofBody("CloudConvert-Signature", ""),
		"databricks-run":       secret("Authorization", basic),
		"dbt-cloud-run":        ofBody("Authorization", ""),
		"github-check-run":     ofBody("X-Hub-Signature-256", "sha256="),
		"github-run":           ofBody("X-Hub-Signature-256", "sha256="),
		"github-workflow-run":  ofBody("X-Hub-Signature-256", "sha256="),
		"gitlab-pipeline":      secret("X-Gitlab-Token", hookKey),
		"mux-upload":           timed("Mux-Signature"),
		"openai-batch":         standard(),
		"openai-fine-tune":     standard(),
		"openai-response":      standard(),
		"openai-video":         standard(),
		"replicate-prediction": standard(),
		"shopify-bulk-operation": {
			verifier: webhook.HMAC(webhook.HMACScheme{Header: "X-Shopify-Hmac-Sha256", Base64: true}, hookKey), header: func(body string) http.Header {
				return hookHeader("X-Shopify-Hmac-Sha256", base64.StdEncoding.EncodeToString(digest(crypto.SHA256, body)))
			},
		},
		"spacelift-run":     ofBody("X-Signature-256", "sha256="),
		"stripe-report-run": timed("Stripe-Signature"),
		"terraform-run": {
			verifier: webhook.HMAC(webhook.HMACScheme{Header: "X-TFE-Notification-Signature", Hash: crypto.SHA512}, hookKey), header: func(body string) http.Header {
				return hookHeader("X-TFE-Notification-Signature", hex.EncodeToString(digest(crypto.SHA512, body)))
			},
		},
		"zencoder-job": secret("Authorization", basic), // of the user and the password in the URL
	}
}

// unverified has the services whose webhooks no Verifier of package webhook accepts.
var unverified = map[string]string{
	"meilisearch-task":  "compressed lines of JSON",
	"twilio-export-job": "its form was not found in public documentation",
}

func TestVerifiersAcceptTheWebhooksOfTheServices(t *testing.T) {
	t.Parallel()
	const body = `{"id":"7"}`
	all := signatures()
	for _, e := range dialects.All() {
		s, isVerified := all[e.Name]
		isHook := strings.Contains(e.Push, "webhook") || e.Push == "service hook"
		assert.Equal(t, isHook, isVerified || unverified[e.Name] != "", "%s: Push is %q", e.Name, e.Push)
		assert.False(t, isVerified && unverified[e.Name] != "", e.Name)
		if !isVerified {
			continue
		}
		reader := hookReader(t, e.Name)
		_, err := webhook.New(reader, s.verifier)
		require.NoError(t, err, e.Name)
		_, err = s.verifier.Verify(posted(s.query, s.header(body)), []byte(body))
		require.NoError(t, err, e.Name)
		_, err = s.verifier.Verify(posted("", http.Header{}), []byte(body))
		require.ErrorIs(t, err, webhook.ErrForged, e.Name)
	}
}

func posted(query string, h http.Header) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/hooks"+query, http.NoBody)
	r.Header = h
	return r
}

// hookReader returns what reads the webhooks of a service.
func hookReader(t *testing.T, name string) webhook.Reader {
	t.Helper()
	s := services()[strings.ReplaceAll(name, "-", "_")]
	c, err := rest.New(cmp.Or(s.BaseURL, "https://service.example"), rest.WithDialect(s.Dialect))
	require.NoError(t, err)
	return c
}
