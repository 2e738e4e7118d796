package jwt_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	gojwt "github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport/webhook"
	"github.com/iamber12/job-status-monitoring/transport/webhook/jwt"
)

var edKey = ed25519.NewKeyFromSeed(bytes.Repeat([]byte("s"), ed25519.SeedSize))

// signedBy returns the token that has any text as its head and its claims.
func signedBy(key ed25519.PrivateKey, head, claims string) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(head)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(text)))
}

const edHead = `{"alg":"EdDSA","typ":"JWT"}`

// requireRight is a second reading of the claims of a token that was accepted.
func requireRight(t *testing.T, head, text string, got webhook.Receipt) {
	t.Helper()
	var h struct{ Alg string }
	require.NoError(t, json.Unmarshal([]byte(head), &h))
	require.Equal(t, "EdDSA", h.Alg)
	var c map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &c))
	require.Equal(t, "issuer", c["iss"])
	if all, ok := c["aud"].([]any); ok {
		require.True(t, slices.Contains(all, any("program")), c)
	} else {
		require.Equal(t, "program", c["aud"])
	}
	at, leeway := float64(now.Unix()), time.Minute.Seconds()
	require.Greater(t, c["exp"], at-leeway)
	require.LessOrEqual(t, c["iat"], at+leeway)
	if c["nbf"] != nil {
		require.LessOrEqual(t, c["nbf"], at+leeway)
	}
	claim, _ := c["body"].(string)
	sum, err := hex.DecodeString(hash())
	require.NoError(t, err)
	isHex := strings.EqualFold(claim, hash())
	require.True(t, isHex || strings.HasPrefix(claim, base64.RawURLEncoding.EncodeToString(sum)[:42]), claim)
	id, _ := c["jti"].(string)
	require.Equal(t, id, got.ID)
	require.False(t, got.Time.IsZero(), "a delivery without a time is never stale")
	require.InDelta(t, c["iat"], float64(got.Time.UnixMicro())/1e6, 1)
}

// Fault 46: of any token, only one that was signed with the key is accepted, and only if each claim
// is right.
func FuzzTokens(f *testing.F) {
	v, err := jwt.New(func(*gojwt.Token) (any, error) { return edKey.Public(), nil },
		jwt.Config{Issuer: "issuer", Audience: "program", BodyClaim: "body", Clock: clock{}})
	require.NoError(f, err)
	for _, pairs := range [][]any{
		nil, {"iss", "canary"}, {"aud", []string{"canary", "program"}}, {"aud", nil}, {"exp", nil}, {"exp", 1e300}, {"exp", -1}, {"exp", "1e9"}, {"iat", nil},
		{"iat", -1e300}, {"iat", 1e300}, {"iat", time.Time{}.Unix()}, {"iat", 1.5}, {"nbf", now.Unix() + 61}, {"nbf", 1e19}, {"body", hash()[2:]}, {"body", 7}, {"jti", 7},
	} {
		text, err := json.Marshal(claims(pairs...))
		require.NoError(f, err)
		f.Add(edHead, string(text), signedBy(edKey, edHead, string(text)))
	}
	for _, alg := range []string{"none", "HS256", "ES256", "RS256", "eddsa"} {
		text, _ := json.Marshal(claims())
		f.Add(`{"alg":"`+alg+`"}`, string(text), "Bearer a.b.c")
	}
	f.Fuzz(func(t *testing.T, head, text, token string) {
		check := func(value string) (webhook.Receipt, bool) {
			r := httptest.NewRequest(http.MethodPost, "/", http.NoBody)
			r.Header.Set("Authorization", value)
			receipt, err := v.Verify(r, []byte(body))
			if err != nil {
				require.ErrorIs(t, err, webhook.ErrForged)
				require.NotContains(t, err.Error(), "canary")
				require.Zero(t, receipt)
			}
			return receipt, err == nil
		}
		good := signedBy(edKey, head, text)
		if receipt, ok := check(good); ok {
			requireRight(t, head, text, receipt)
			_, ok = check("bearer " + good + " ")
			require.True(t, ok)
		}
		_, ok := check(signedBy(ed25519.NewKeyFromSeed(bytes.Repeat([]byte("x"), ed25519.SeedSize)), head, text))
		require.False(t, ok, "another key signed it")
		if _, ok := check(token); ok {
			parts := strings.Split(token[strings.LastIndexByte(strings.TrimSpace(token), ' ')+1:], ".")
			require.Len(t, parts, 3)
			signature, _ := base64.RawURLEncoding.DecodeString(strings.TrimSpace(parts[2]))
			require.True(t, ed25519.Verify(edKey.Public().(ed25519.PublicKey), []byte(parts[0]+"."+parts[1]), signature), token)
		}
	})
}
