package jwt_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	gojwt "github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/transport/webhook"
	"github.com/iamber12/job-status-monitoring/transport/webhook/jwt"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const body = `{"id":"7"}`

var now = time.Unix(1700000000, 0)

type clock struct{}

func (clock) Now() time.Time { return now }

func hash() string { s := sha256.Sum256([]byte(body)); return hex.EncodeToString(s[:]) }

// claims are those of a good token, changed by pairs of names and values; a nil value removes one.
func claims(pairs ...any) gojwt.MapClaims {
	c := gojwt.MapClaims{"iss": "issuer", "aud": "program", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "jti": "d1", "body": hash()}
	for i := 0; i < len(pairs); i += 2 {
		if name := pairs[i].(string); pairs[i+1] == nil {
			delete(c, name)
		} else {
			c[name] = pairs[i+1]
		}
	}
	return c
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

func sign(t *testing.T, key *ecdsa.PrivateKey, c gojwt.MapClaims) string {
	token := gojwt.NewWithClaims(gojwt.SigningMethodES256, c)
	token.Header["kid"] = "k1"
	text, err := token.SignedString(key)
	require.NoError(t, err)
	return text
}

func verify(v webhook.Verifier, token string) (webhook.Receipt, error) {
	r := httptest.NewRequest(http.MethodPost, "/", http.NoBody)
	r.Header.Set("Authorization", "Bearer "+token)
	return v.Verify(r, []byte(body))
}

// This is fault 46: whatever is wrong with a token, the request is forged.
func TestATokenIsAcceptedIfAllThatItSaysIsRight(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	v, err := jwt.New(func(*gojwt.Token) (any, error) { return &key.PublicKey, nil },
		jwt.Config{Issuer: "issuer", Audience: "program", BodyClaim: "body", Clock: clock{}})
	require.NoError(t, err)
	receipt, err := verify(v, sign(t, key, claims()))
	require.NoError(t, err)
	assert.Equal(t, "d1", receipt.ID)
	assert.True(t, receipt.Time.Equal(now))
	raw, _ := hex.DecodeString(hash())
	_, err = verify(v, sign(t, key, claims("body", base64.RawURLEncoding.EncodeToString(raw))))
	require.NoError(t, err)
	symmetric, err := gojwt.NewWithClaims(gojwt.SigningMethodHS256, claims()).SignedString([]byte("a shared key that is long enough"))
	require.NoError(t, err)
	none, err := gojwt.NewWithClaims(gojwt.SigningMethodNone, claims()).SignedString(gojwt.UnsafeAllowNoneSignatureType)
	require.NoError(t, err)
	for name, token := range map[string]string{
		"another key":         sign(t, newKey(t), claims()),
		"another issuer":      sign(t, key, claims("iss", "canary")),
		"another audience":    sign(t, key, claims("aud", "canary")),
		"expired":             sign(t, key, claims("exp", now.Add(-2*time.Minute).Unix())),
		"without expiration":  sign(t, key, claims("exp", nil)),
		"without a time":      sign(t, key, claims("iat", nil)),
		"issued in an hour":   sign(t, key, claims("iat", now.Add(time.Hour).Unix())),
		"issued too late":     sign(t, key, claims("iat", 1e300)),
		"issued too early":    sign(t, key, claims("iat", time.Time{}.Unix())),
		"not before 1e19":     sign(t, key, claims("nbf", 1e19)),
		"of another body":     sign(t, key, claims("body", hash()[2:]+"00")),
		"of no body":          sign(t, key, claims("body", nil)),
		"with a shared key":   symmetric,
		"not signed":          none,
		"no token":            "canary",
		"too long to be read": string(make([]byte, 17<<10)),
	} {
		_, err := verify(v, token)
		if assert.ErrorIs(t, err, webhook.ErrForged, name) {
			assert.NotContains(t, err.Error(), "canary")
		}
	}
}

func TestATokenWithoutABodyClaimSaysWhoSends(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	v, err := jwt.New(func(*gojwt.Token) (any, error) { return &key.PublicKey, nil }, jwt.Config{Issuer: "issuer", Audience: "program", Clock: clock{}})
	require.NoError(t, err)
	receipt, err := verify(v, sign(t, key, claims("body", nil, "iat", now.Add(-30*time.Minute).Unix())))
	require.NoError(t, err)
	assert.Zero(t, receipt)
}

func TestKeysAreFetchedFromTheirURL(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	point, err := key.PublicKey.Bytes()
	require.NoError(t, err)
	text := func(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","kid":"k1","x":%q,"y":%q}]}`, text(point[1:33]), text(point[33:]))
	}))
	defer server.Close()
	defer http.DefaultClient.CloseIdleConnections()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	keys, err := jwt.JWKS(ctx, server.URL)
	require.NoError(t, err)
	v, err := jwt.New(keys, jwt.Config{Issuer: "issuer", Audience: "program", Clock: clock{}})
	require.NoError(t, err)
	_, err = verify(v, sign(t, key, claims()))
	require.NoError(t, err)
	_, err = verify(v, sign(t, newKey(t), claims()))
	assert.ErrorIs(t, err, webhook.ErrForged)
}

func TestNewRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	_, err := jwt.New(nil, jwt.Config{Algorithms: []string{"HS256", "none"}})
	for _, want := range []string{"the keys are nil", "Issuer and Audience must be set", `"HS256": must be one`, `"none": must be one`} {
		assert.ErrorContains(t, err, want)
	}
	_, err = jwt.JWKS(t.Context())
	assert.ErrorContains(t, err, "no URL")
}
