// Package jwt verifies webhooks that carry a JSON Web Token, with the keys that the service
// publishes. It is a module of its own, because it needs github.com/golang-jwt/jwt and
// github.com/MicahParks/keyfunc.
//
//	keys, err := jwt.JWKS(ctx, "https://auth.example.com/.well-known/jwks.json")
//	if err != nil {
//		log.Fatal(err)
//	}
//	config := jwt.Config{Issuer: "https://auth.example.com", Audience: "my-program"}
//	verifier, err := jwt.New(keys, config)
//	if err != nil {
//		log.Fatal(err)
//	}
//	hook, err := webhook.New(client, verifier)
package jwt

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"

	"github.com/iamber12/job-status-monitoring/transport/webhook"
)

// DefaultAlgorithms are the algorithms that are accepted by default. All of them use a public key.
var DefaultAlgorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// Config says what a valid token contains.
type Config struct {
	// Issuer is the required issuer (iss) of a token. It must be set.
	Issuer string
	// Audience is the required audience (aud) of a token. It must be set, so that no token for another
	// program is accepted.
	Audience string
	// Header is the header with the token, with or without the prefix "Bearer ". The default is
	// Authorization.
	Header string
	// Algorithms are the accepted algorithms, each one of [DefaultAlgorithms], which is also the
	// default. So neither "none" nor an algorithm with a shared key can be accepted.
	Algorithms []string
	// BodyClaim names the claim that holds the SHA-256 of the body, in hex or in base64url. Each token
	// then belongs to one delivery. Its time of issue must be within [webhook.Tolerance] of the clock,
	// and its jti, if it has one, is the delivery's id. Without a BodyClaim, the token only names the
	// sender, and the body is protected only by TLS.
	BodyClaim string
	// Clock is the clock with which expirations are compared. The default, or nil, is the real clock.
	Clock webhook.Clock
}

// verifier is a [webhook.Verifier].
type verifier struct {
	keys   jwt.Keyfunc
	config Config
	parser *jwt.Parser
}

// maxToken bounds a token, in bytes.
const maxToken = 16 << 10

// New returns a Verifier for tokens that are signed with one of keys. A token must have an
// expiration. It must not be longer than 16 KiB. Its times are checked with a tolerance of one
// minute. The error joins all problems with keys and c. The Verifier is safe for concurrent use.
func New(keys jwt.Keyfunc, c Config) (webhook.Verifier, error) {
	var problems []error
	if keys == nil {
		problems = append(problems, errors.New("jwt: New: the keys are nil"))
	}
	if c.Issuer == "" || c.Audience == "" {
		problems = append(problems, errors.New("jwt: Config: Issuer and Audience must be set"))
	}
	if c.Header == "" {
		c.Header = "Authorization"
	}
	if c.Algorithms == nil {
		c.Algorithms = DefaultAlgorithms
	}
	for _, name := range c.Algorithms {
		if !slices.Contains(DefaultAlgorithms, name) {
			problems = append(problems, fmt.Errorf("jwt: Config: Algorithms: %.40q: must be one of DefaultAlgorithms", name))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	now := time.Now
	if c.Clock != nil {
		now = c.Clock.Now
	}
	c.Algorithms = slices.Clone(c.Algorithms)
	return &verifier{keys, c, jwt.NewParser(jwt.WithValidMethods(c.Algorithms), jwt.WithIssuer(c.Issuer), jwt.WithAudience(c.Audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(time.Minute), jwt.WithTimeFunc(now))}, nil
}

// Verify returns the token's time of issue and id if the token covers the body.
func (v *verifier) Verify(r *http.Request, body []byte) (webhook.Receipt, error) {
	values := r.Header.Values(v.config.Header)
	if len(values) != 1 || len(values[0]) > maxToken {
		return webhook.Receipt{}, fmt.Errorf("%w: no token", webhook.ErrForged)
	}
	text := strings.TrimSpace(values[0])
	if scheme, rest, ok := strings.Cut(text, " "); ok && strings.EqualFold(scheme, "Bearer") {
		text = strings.TrimSpace(rest)
	}
	claims := jwt.MapClaims{}
	if _, err := v.parser.ParseWithClaims(text, claims, v.keys); err != nil {
		return webhook.Receipt{}, fmt.Errorf("%w: %s", webhook.ErrForged, reason(err))
	}
	if !haveTimes(claims) {
		return webhook.Receipt{}, fmt.Errorf("%w: a time is out of range", webhook.ErrForged)
	}
	if v.config.BodyClaim == "" {
		return webhook.Receipt{}, nil
	}
	at, err := claims.GetIssuedAt()
	if err != nil || at == nil {
		return webhook.Receipt{}, fmt.Errorf("%w: no time of issue", webhook.ErrForged)
	}
	claim, _ := claims[v.config.BodyClaim].(string)
	if !covers(claim, body) {
		return webhook.Receipt{}, fmt.Errorf("%w: the token is of another body", webhook.ErrForged)
	}
	id, _ := claims["jti"].(string)
	return webhook.Receipt{ID: id, Time: at.Time}, nil
}

// haveTimes reports whether the times of a token are in the years that a token can be of. The
// parser takes a number that no [time.Time] can hold for a time long ago.
func haveTimes(claims jwt.MapClaims) bool {
	const last = 1e11 // seconds: the year 5138
	for _, name := range []string{"exp", "iat", "nbf"} {
		if at, ok := claims[name].(float64); ok && (at < 0 || at > last) {
			return false
		}
	}
	return true
}

// covers reports whether a claim is the hash of body.
func covers(claim string, body []byte) bool {
	sum := sha256.Sum256(body)
	got, err := hex.DecodeString(claim)
	if err != nil {
		got, err = base64.RawURLEncoding.DecodeString(strings.TrimRight(claim, "="))
	}
	return err == nil && subtle.ConstantTimeCompare(got, sum[:]) == 1
}

// reason returns why a token was refused, without what the token says.
func reason(err error) string {
	for _, known := range []error{jwt.ErrTokenExpired, jwt.ErrTokenInvalidAudience, jwt.ErrTokenInvalidIssuer, jwt.ErrTokenUsedBeforeIssued,
		jwt.ErrTokenNotValidYet, jwt.ErrTokenRequiredClaimMissing, jwt.ErrTokenSignatureInvalid, jwt.ErrTokenUnverifiable, jwt.ErrTokenMalformed} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "the token is not valid"
}

// JWKS returns the keys of the JSON Web Key Sets at the given URLs. It fetches the sets before it
// returns, and a goroutine fetches them again every hour until ctx ends. If a token names an
// unknown key, the sets are fetched sooner, but at most every five minutes. All times are on the
// real clock. If the first fetch of a set fails, JWKS returns no error, and the set is fetched
// later.
func JWKS(ctx context.Context, urls ...string) (jwt.Keyfunc, error) {
	if len(urls) == 0 {
		return nil, errors.New("jwt: JWKS: no URL")
	}
	set, err := keyfunc.NewDefaultOverrideCtx(ctx, urls, keyfunc.Override{
		HTTPTimeout:      10 * time.Second,
		RateLimitWaitMax: time.Millisecond, // a request is answered at once
	})
	if err != nil {
		return nil, fmt.Errorf("jwt: JWKS: %w", err)
	}
	return set.Keyfunc, nil
}
