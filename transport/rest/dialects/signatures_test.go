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
}

func digest(h crypto.Hash, text string) []byte {
	m := hmac.New(h.New, []byte(hookKey))
	m.Write([]byte(text))
	return m.Sum(nil)
}

// ofBody is an HMAC-SHA256 of the body in hex, after a prefix.
func ofBody(name, prefix string) signature {
	return signature{webhook.HMAC(webhook.HMACScheme{Header: name, Prefix: prefix}, hookKey), func(body string) http.Header {
		return hookHeader(name, prefix+hex.EncodeToString(digest(crypto.SHA256, body)))
	}}
}

// timed is a header with a time and an HMAC-SHA256 of the time and the body.
func timed(name string) signature {
	return signature{webhook.Timed(name, hookKey), func(body string) http.Header {
		return hookHeader(name, "t=1800000000,v1="+hex.EncodeToString(digest(crypto.SHA256, "1800000000."+body)))
	}}
}

// secret is a header with a secret.
func secret(name, value string) signature {
	return signature{webhook.SharedHeader(name, value), func(string) http.Header { return hookHeader(name, value) }}
}

func standard() signature {
	return signature{webhook.StandardWebhooks("whsec_" + base64.StdEncoding.EncodeToString([]byte(hookKey))), func(body string) http.Header {
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

// signatures has how each service signs, as its documentation says.
func signatures() map[string]signature {
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("hooks:"+hookKey))
	return map[string]signature{
		"apify-run":            secret("X-Hook-Secret", hookKey), // a header of the user's choice
		"awx-job":              secret("Authorization", basic),
		"azure-devops-build":   secret("Authorization", basic),
		"bitbucket-pipeline":   ofBody("X-Hub-Signature", "sha256="),
		"buildkite-build":      secret("X-Buildkite-Token", hookKey),
		"bunny-stream-video":   ofBody("X-BunnyStream-Signature", ""),
		"circleci-workflow":    ofBody("circleci-signature", "v1="),
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
			webhook.HMAC(webhook.HMACScheme{Header: "X-Shopify-Hmac-Sha256", Base64: true}, hookKey), func(body string) http.Header {
				return hookHeader("X-Shopify-Hmac-Sha256", base64.StdEncoding.EncodeToString(digest(crypto.SHA256, body)))
			},
		},
		"spacelift-run":     ofBody("X-Signature-256", "sha256="),
		"stripe-report-run": timed("Stripe-Signature"),
		"terraform-run": {
			webhook.HMAC(webhook.HMACScheme{Header: "X-TFE-Notification-Signature", Hash: crypto.SHA512}, hookKey), func(body string) http.Header {
				return hookHeader("X-TFE-Notification-Signature", hex.EncodeToString(digest(crypto.SHA512, body)))
			},
		},
		"zencoder-job": secret("Authorization", basic), // of the user and the password in the URL
	}
}

// unverified has the services whose webhooks no Verifier of package webhook accepts.
var unverified = map[string]string{
	"cloudinary-upload": "a plain hash of the body, the time and the secret",
	"convertapi-job":    "no signature is documented",
	"luma-generation":   "no signature is documented",
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
		_, err = s.verifier.Verify(posted(s.header(body)), []byte(body))
		require.NoError(t, err, e.Name)
		_, err = s.verifier.Verify(posted(http.Header{}), []byte(body))
		require.ErrorIs(t, err, webhook.ErrForged, e.Name)
	}
}

func posted(h http.Header) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/hooks", http.NoBody)
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
