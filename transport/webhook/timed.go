package webhook

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
)

// Timed returns a Verifier for a header such as Stripe-Signature, which has a time and one or more
// signatures:
//
//	t=1492774577,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd
//
// A signature is the HMAC-SHA256, in hex, of the time, a dot and the body. Fields of other names
// are ignored. A key has at least [MinKeyBytes], which are used unchanged. A signature with any of
// the keys is accepted, so that a key can be replaced.
func Timed(header string, keys ...string) Verifier { return timed{header, bytesOf(keys)} }

type timed struct {
	header string
	keys   [][]byte
}

func (v timed) check() error {
	return errors.Join(checkHeader("Timed", v.header), checkKeys("Timed", v.keys))
}

func (v timed) Verify(r *http.Request, body []byte) (Receipt, error) {
	value, err := one(r.Header, v.header)
	if err != nil {
		return Receipt{}, err
	}
	stamp, signatures, err := parseTimed(value)
	if err != nil {
		return Receipt{}, err
	}
	at, err := readTime(stamp)
	if err != nil {
		return Receipt{}, err
	}
	known := sums(sha256.New, v.keys, []byte(stamp+"."), body)
	for _, signature := range signatures {
		if isAny(known, signature) {
			return Receipt{Time: at}, nil
		}
	}
	return Receipt{}, forged("no signature fits")
}

// parseTimed reads the header. A time that stands twice is an error: which of them is signed can't
// be told.
func parseTimed(value string) (stamp string, signatures [][]byte, err error) {
	for _, field := range strings.Split(value, ",") {
		name, text, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch name {
		case "t":
			if stamp != "" {
				return "", nil, forged("two times")
			}
			stamp = text
		case "v1":
			if len(signatures) == maxSignatures {
				return "", nil, forged("too many signatures")
			}
			if signature, err := hex.DecodeString(text); err == nil {
				signatures = append(signatures, signature)
			}
		}
	}
	return stamp, signatures, nil
}

// String names the Verifier without its keys.
func (v timed) String() string { return "t=,v1= in " + v.header }

// GoString returns what String returns, so that no verb of package fmt prints a key.
func (v timed) GoString() string { return v.String() }
