package webhook

import (
	"crypto"
	"crypto/hmac"
	_ "crypto/sha1"   // registers crypto.SHA1 for HMACScheme.Hash
	_ "crypto/sha256" // registers crypto.SHA256
	_ "crypto/sha512" // registers crypto.SHA512
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
//	HMACScheme{Header: "X-Zendesk-Webhook-Signature", Base64: true,
//		TimeHeader: "X-Zendesk-Webhook-Signature-Timestamp", Signed: "{time}{body}"}
//	HMACScheme{Header: "X-Buildkite-Signature", Field: "signature",
//		TimeField: "timestamp", Signed: "{time}.{body}"}
//	HMACScheme{Header: "X-Cld-Signature", Hash: crypto.SHA1,
//		TimeHeader: "X-Cld-Timestamp", Signed: "{body}{time}{key}"}
type HMACScheme struct {
	// Header is the header with the signature.
	Header string
	// Prefix is the text before the signature. The default is none. It must be empty if Field is set.
	Prefix string
	// Field is the name of the signature if the header has fields, such as v1 in "t=1700000000,v1=ab".
	// Fields are separated by commas or semicolons. If several have that name, one that fits is
	// enough. Fields of other names are ignored. By default the whole header is the signature.
	Field string
	// Hash is [crypto.SHA256], [crypto.SHA512] or [crypto.SHA1]. The default is SHA256.
	Hash crypto.Hash
	// Base64 says that the signature is in base64. The default is hex.
	Base64 bool
	// TimeHeader is the header with the time of the signature. The time is in seconds or milliseconds
	// since 1970, or as in RFC 3339, such as "2023-11-14T22:13:20Z". By default no time is signed. A
	// signature then never expires, and a repetition is recognized only within [DuplicateWindow].
	TimeHeader string
	// TimeField is the name of the time if it is a field of Header. It needs Field, and excludes
	// TimeHeader.
	TimeField string
	// IDHeader is the header with the delivery's id, if the id is signed. By default the id is not
	// signed.
	IDHeader string
	// Signed is the signed text. The default is "{body}". It must contain {body} once. It must contain
	// {time} if and only if TimeHeader or TimeField is set, and {id} if and only if IDHeader is set.
	//
	// If it contains {key}, the signature is not an HMAC but the plain hash of the text. Then {key}
	// must come after {body}. Otherwise, anybody could compute the hash of a longer body from that of
	// a signed one.
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

// Timed returns a Verifier for a header such as Stripe-Signature, which has a time and one or more
// signatures:
//
//	t=1492774577,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd
//
// A signature is the HMAC-SHA256, in hex, of the time, a dot and the body. Timed is [HMAC] with the
// Field v1, the TimeField t, and Signed "{time}.{body}".
func Timed(header string, keys ...string) Verifier {
	return HMAC(HMACScheme{Header: header, Field: "v1", TimeField: "t", Signed: "{time}.{body}"}, keys...)
}

type hmacVerifier struct {
	HMACScheme
	keys [][]byte
}

func (v hmacVerifier) check() error {
	problems := []error{checkHeader("HMAC: Header", v.Header), checkKeys("HMAC", v.keys), v.checkFields(), v.checkSigned()}
	for name, header := range map[string]string{"{time}": v.TimeHeader, "{id}": v.IDHeader} {
		if header != "" {
			problems = append(problems, checkHeader("HMAC: header of "+name, header))
		}
	}
	switch v.Hash {
	case crypto.SHA1, crypto.SHA256, crypto.SHA512:
	default:
		problems = append(problems, fmt.Errorf("HMAC: Hash %v: must be SHA1, SHA256 or SHA512", v.Hash))
	}
	return errors.Join(problems...)
}

func (v hmacVerifier) checkFields() error {
	switch {
	case v.TimeField != "" && v.TimeHeader != "":
		return fmt.Errorf("HMAC: TimeField %.80q: the time is in TimeHeader %.80q already", v.TimeField, v.TimeHeader)
	case v.TimeField != "" && (v.Field == "" || v.Field == v.TimeField):
		return fmt.Errorf("HMAC: TimeField %.80q: needs a Field of another name", v.TimeField)
	case v.Field != "" && v.Prefix != "":
		return fmt.Errorf("HMAC: Prefix %.80q: must be empty beside Field %.80q", v.Prefix, v.Field)
	}
	for _, name := range []string{v.Field, v.TimeField} {
		if strings.ContainsAny(name, fieldSeparators+"= ") {
			return fmt.Errorf("HMAC: field %.80q: must have no comma, semicolon, space or =", name)
		}
	}
	return nil
}

func (v hmacVerifier) checkSigned() error {
	if strings.Count(v.Signed, "{body}") != 1 {
		return fmt.Errorf("HMAC: Signed %.80q: must name {body} once", v.Signed)
	}
	places := []struct{ hole, place, means string }{
		{"{time}", v.TimeHeader + v.TimeField, "TimeHeader or TimeField"}, {"{id}", v.IDHeader, "IDHeader"}}
	for _, p := range places {
		switch named := strings.Contains(v.Signed, p.hole); {
		case named && p.place == "":
			return fmt.Errorf("HMAC: Signed %.80q: %s has no header: set %s", v.Signed, p.hole, p.means)
		case p.place != "" && !named:
			return fmt.Errorf("HMAC: Signed %.80q: must name %s, which is in %.80q", v.Signed, p.hole, p.place)
		}
	}
	if _, after, _ := strings.Cut(v.Signed, "{body}"); v.isPlain() && !strings.Contains(after, "{key}") {
		return fmt.Errorf("HMAC: Signed %.80q: must name {key} after {body}, or the body could be made longer", v.Signed)
	}
	return nil
}

// isPlain reports whether a signature is a plain hash, not an HMAC. The signed text then contains
// the key.
func (v hmacVerifier) isPlain() bool { return strings.Contains(v.Signed, "{key}") }

func (v hmacVerifier) Verify(r *http.Request, body []byte) (Receipt, error) {
	signatures, stamp, err := v.read(r.Header)
	if err != nil {
		return Receipt{}, err
	}
	var receipt Receipt
	if v.TimeHeader != "" || v.TimeField != "" {
		if receipt.Time, err = readTime(stamp); err != nil {
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
	known := v.sums(stamp, receipt.ID, body)
	for _, signature := range signatures {
		if isAny(known, signature) {
			return receipt, nil
		}
	}
	return Receipt{}, forged("no signature fits")
}

// sums returns the signature that each key makes.
func (v hmacVerifier) sums(stamp, id string, body []byte) [][]byte {
	before, after, _ := strings.Cut(v.Signed, "{body}")
	all := make([][]byte, len(v.keys))
	for i, key := range v.keys {
		h := v.Hash.New()
		if !v.isPlain() {
			h = hmac.New(v.Hash.New, key)
		}
		fill := strings.NewReplacer("{time}", stamp, "{id}", id, "{key}", string(key))
		for _, part := range [][]byte{[]byte(fill.Replace(before)), body, []byte(fill.Replace(after))} {
			_, _ = h.Write(part) // never fails
		}
		all[i] = h.Sum(nil)
	}
	return all
}

// read returns the signatures of a request. It also returns the text of the time of the signature,
// which is empty if no time is signed.
func (v hmacVerifier) read(h http.Header) (signatures [][]byte, stamp string, err error) {
	value, err := one(h, v.Header)
	if err != nil {
		return nil, "", err
	}
	if v.TimeHeader != "" {
		if stamp, err = one(h, v.TimeHeader); err != nil {
			return nil, "", err
		}
	}
	if v.Field != "" {
		return v.readFields(value, stamp)
	}
	text, ok := strings.CutPrefix(value, v.Prefix)
	if !ok {
		return nil, "", forged("header %s does not begin with %.32q", v.Header, v.Prefix)
	}
	signature, err := v.decode(text)
	if err != nil {
		return nil, "", forged("header %s holds no signature", v.Header)
	}
	return [][]byte{signature}, stamp, nil
}

const fieldSeparators = ",;"

// readFields reads the signatures in a header that has fields, and the time if it is one of the
// fields. If the time is in another header, the caller passes it as stamp, and readFields returns
// it. Two times are an error, because it is unknown which of them is signed.
func (v hmacVerifier) readFields(value, stamp string) (signatures [][]byte, at string, err error) {
	for _, field := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(fieldSeparators, r) }) {
		name, text, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch {
		case name == v.Field && len(signatures) == maxSignatures:
			return nil, "", forged("too many signatures")
		case name == v.Field:
			if signature, err := v.decode(text); err == nil {
				signatures = append(signatures, signature)
			}
		case v.TimeField == "" || name != v.TimeField:
		case stamp != "":
			return nil, "", forged("two times")
		default:
			stamp = text
		}
	}
	return signatures, stamp, nil
}

func (v hmacVerifier) decode(text string) ([]byte, error) {
	if v.Base64 {
		return base64.StdEncoding.Strict().DecodeString(text)
	}
	return hex.DecodeString(text)
}

// String names the Verifier without its keys.
func (v hmacVerifier) String() string { return "HMAC in " + v.Header }

// GoString returns what String returns, so that no verb of package fmt prints a key.
func (v hmacVerifier) GoString() string { return v.String() }
