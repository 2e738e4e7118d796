package webhook

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// StandardWebhooks returns a Verifier for signatures of the Standard Webhooks specification,
// version 1. The signatures are in the headers Webhook-Id, Webhook-Timestamp and Webhook-Signature,
// or in the same headers with Svix- instead of Webhook-.
//
// A secret is encoded in base64, with or without the prefix whsec_, and has at least [MinKeyBytes]
// when decoded. With the prefix whpk_ it is an Ed25519 public key. A signature with any of the
// secrets is accepted, so that a secret can be replaced.
//
// See https://github.com/standard-webhooks/standard-webhooks.
func StandardWebhooks(secrets ...string) Verifier {
	s := &standard{}
	for i, secret := range secrets {
		key, public, err := readSecret(secret)
		switch {
		case err != nil:
			s.problems = append(s.problems, fmt.Errorf("StandardWebhooks: secret %d: %w", i+1, err))
		case public:
			s.public = append(s.public, key)
		default:
			s.keys = append(s.keys, key)
		}
	}
	if len(secrets) == 0 {
		s.problems = append(s.problems, errors.New("StandardWebhooks: no secret"))
	}
	return s
}

type standard struct {
	keys     [][]byte
	public   []ed25519.PublicKey
	problems []error
}

// The prefixes of secrets.
const (
	prefixSecret  = "whsec_"
	prefixPublic  = "whpk_"
	prefixPrivate = "whsk_"
)

// readSecret returns the key that a secret encodes, and whether it is a public key. Its errors
// print no part of the secret.
func readSecret(text string) (key []byte, public bool, err error) {
	if strings.HasPrefix(text, prefixPrivate) {
		return nil, false, errors.New("it is the service's private key, where the public one is wanted")
	}
	text, public = strings.CutPrefix(text, prefixPublic)
	if !public {
		text = strings.TrimPrefix(text, prefixSecret)
	}
	key, err = base64.RawStdEncoding.Strict().DecodeString(strings.TrimRight(text, "="))
	switch {
	case err != nil:
		return nil, public, errors.New("it is not base64")
	case public && len(key) != ed25519.PublicKeySize:
		return nil, public, fmt.Errorf("it has %d bytes, and a public key %d", len(key), ed25519.PublicKeySize)
	case len(key) < MinKeyBytes:
		return nil, public, fmt.Errorf("it has %d bytes, at least %d", len(key), MinKeyBytes)
	}
	return key, public, nil
}

func (s *standard) check() error { return errors.Join(s.problems...) }

func (s *standard) Verify(r *http.Request, body []byte) (Receipt, error) {
	prefix := "Webhook-"
	if r.Header.Get("Webhook-Id") == "" && r.Header.Get("Svix-Id") != "" {
		prefix = "Svix-"
	}
	var values [3]string
	for i, name := range []string{"Id", "Timestamp", "Signature"} {
		var err error
		if values[i], err = one(r.Header, prefix+name); err != nil {
			return Receipt{}, err
		}
	}
	id := values[0]
	if id == "" || len(id) > maxID {
		return Receipt{}, forged("no id")
	}
	at, err := readTime(values[1])
	if err != nil {
		return Receipt{}, err
	}
	if !s.isSigned(values[2], []byte(id+"."+values[1]+"."), body) {
		return Receipt{}, forged("no signature fits")
	}
	return Receipt{ID: id, Time: at}, nil
}

// isSigned reports whether any signature in a list is valid. The list is separated by spaces, and
// each signature has its version and a comma before it.
func (s *standard) isSigned(list string, head, body []byte) bool {
	var known [][]byte
	for n, signature := range strings.Fields(list) {
		if n == maxSignatures {
			return false
		}
		version, text, _ := strings.Cut(signature, ",")
		got, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil {
			continue
		}
		switch version {
		case "v1":
			if known == nil {
				known = sums(sha256.New, s.keys, head, body)
			}
			if isAny(known, got) {
				return true
			}
		case "v1a":
			for _, key := range s.public {
				if ed25519.Verify(key, append(head[:len(head):len(head)], body...), got) {
					return true
				}
			}
		}
	}
	return false
}

// String names the Verifier without its secrets.
func (s *standard) String() string { return "Standard Webhooks" }

// GoString returns what String returns, so that no verb of package fmt prints a secret.
func (s *standard) GoString() string { return s.String() }

// Sign returns the headers of a signature that [StandardWebhooks] accepts. It is for services, and
// for tests of a program that receives webhooks. The id has from 1 to 256 bytes. Sign returns an
// error for a secret that StandardWebhooks refuses, and for a public key.
func Sign(secret, id string, at time.Time, body []byte) (http.Header, error) {
	key, public, err := readSecret(secret)
	switch {
	case err != nil:
		return nil, fmt.Errorf("webhook: Sign: secret: %w", err)
	case public:
		return nil, errors.New("webhook: Sign: a public key signs nothing")
	case id == "" || len(id) > maxID:
		return nil, fmt.Errorf("webhook: Sign: id %.64q: must have from 1 to %d bytes", id, maxID)
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	sum := sums(sha256.New, [][]byte{key}, []byte(id+"."+stamp+"."), body)[0]
	return http.Header{
		"Webhook-Id":        {id},
		"Webhook-Timestamp": {stamp},
		"Webhook-Signature": {"v1," + base64.StdEncoding.EncodeToString(sum)},
	}, nil
}
