package webhook

import (
	"crypto"
	_ "crypto/sha1"   // for HMACScheme.Hash
	_ "crypto/sha256" // likewise
	_ "crypto/sha512" // likewise
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// HMACScheme describes how a service signs with an HMAC: the hash, the signed text, and the header.
//
//	HMACScheme{Header: "X-Hub-Signature-256", Prefix: "sha256="}
//	HMACScheme{Header: "X-TFE-Notification-Signature", Hash: crypto.SHA512}
//	HMACScheme{Header: "X-Slack-Signature", Prefix: "v0=",
//		TimeHeader: "X-Slack-Request-Timestamp", Signed: "v0:{time}:{body}"}
type HMACScheme struct {
	// Header is the header with the signature.
	Header string
	// Prefix is the text before the signature. The default is none.
	Prefix string
	// Hash is [crypto.SHA256], [crypto.SHA512] or [crypto.SHA1]. The default is SHA256.
	Hash crypto.Hash
	// Base64 says that the signature is in base64. The default is hex.
	Base64 bool
	// TimeHeader is the header with the time of the signature, in seconds or milliseconds since 1970.
	// By default no time is signed. A signature then never expires, and a repetition is recognized
	// only within [DuplicateWindow].
	TimeHeader string
	// IDHeader is the header with the delivery's id, if the id is signed. By default it is not.
	IDHeader string
	// Signed is the signed text. The default is "{body}". It must contain {body} once. It must contain
	// {time} if and only if TimeHeader is set, and {id} if and only if IDHeader is set.
	Signed string
}

// HMAC returns a Verifier for a signature in a header. A key has at least [MinKeyBytes], which are
// used unchanged. A signature with any of the keys is accepted, so that a key can be replaced.
func HMAC(scheme HMACScheme, keys ...string) Verifier {
	if scheme.Hash == 0 {
		scheme.Hash = crypto.SHA256
	}
	if scheme.Signed == "" {
		scheme.Signed = "{body}"
	}
	return hmacVerifier{scheme, bytesOf(keys)}
}

type hmacVerifier struct {
	HMACScheme
	keys [][]byte
}

func (v hmacVerifier) check() error {
	problems := []error{checkHeader("HMAC: Header", v.Header), checkKeys("HMAC", v.keys)}
	for name, header := range map[string]string{"{time}": v.TimeHeader, "{id}": v.IDHeader} {
		if header != "" {
			problems = append(problems, checkHeader("HMAC: header of "+name, header))
		}
		switch named := strings.Contains(v.Signed, name); {
		case named && header == "":
			problems = append(problems, fmt.Errorf("HMAC: Signed %.80q: %s has no header: set TimeHeader or IDHeader", v.Signed, name))
		case header != "" && !named:
			problems = append(problems, fmt.Errorf("HMAC: Signed %.80q: must name %s, which is in the header %.80q", v.Signed, name, header))
		}
	}
	if strings.Count(v.Signed, "{body}") != 1 {
		problems = append(problems, fmt.Errorf("HMAC: Signed %.80q: must name {body} once", v.Signed))
	}
	switch v.Hash {
	case crypto.SHA1, crypto.SHA256, crypto.SHA512:
	default:
		problems = append(problems, fmt.Errorf("HMAC: Hash %v: must be SHA1, SHA256 or SHA512", v.Hash))
	}
	return errors.Join(problems...)
}

func (v hmacVerifier) Verify(r *http.Request, body []byte) (Receipt, error) {
	signature, err := v.signature(r.Header)
	if err != nil {
		return Receipt{}, err
	}
	var receipt Receipt
	stamp := ""
	if v.TimeHeader != "" {
		if stamp, err = one(r.Header, v.TimeHeader); err == nil {
			receipt.Time, err = readTime(stamp)
		}
		if err != nil {
			return Receipt{}, err
		}
	}
	if v.IDHeader != "" {
		if receipt.ID, err = one(r.Header, v.IDHeader); err != nil {
			return Receipt{}, err
		}
		if receipt.ID == "" || len(receipt.ID) > maxID {
			return Receipt{}, forged("no id")
		}
	}
	before, after, _ := strings.Cut(v.Signed, "{body}")
	fill := strings.NewReplacer("{time}", stamp, "{id}", receipt.ID)
	known := sums(v.Hash.New, v.keys, []byte(fill.Replace(before)), body, []byte(fill.Replace(after)))
	if !isAny(known, signature) {
		return Receipt{}, forged("the signature does not fit")
	}
	return receipt, nil
}

// signature returns the signature that stands in the header.
func (v hmacVerifier) signature(h http.Header) ([]byte, error) {
	value, err := one(h, v.Header)
	if err != nil {
		return nil, err
	}
	text, ok := strings.CutPrefix(value, v.Prefix)
	if !ok {
		return nil, forged("header %s does not begin with %.32q", v.Header, v.Prefix)
	}
	decode := hex.DecodeString
	if v.Base64 {
		decode = base64.StdEncoding.Strict().DecodeString
	}
	signature, err := decode(text)
	if err != nil {
		return nil, forged("header %s holds no signature", v.Header)
	}
	return signature, nil
}

// String names the Verifier without its keys.
func (v hmacVerifier) String() string { return "HMAC in " + v.Header }

// GoString returns what String returns, so that no verb of package fmt prints a key.
func (v hmacVerifier) GoString() string { return v.String() }
