package webhook_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/transport/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	key1 = "first-key-of-thirty-two-bytes-ok"
	key2 = "second-key-of-thirty-two-bytes-k"
)

// body is what most tests sign.
const body = `{"payload":{"jobID":"7","status":"completed"}}`

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func mac(h crypto.Hash, key, text string) []byte {
	m := hmac.New(h.New, []byte(key))
	m.Write([]byte(text))
	return m.Sum(nil)
}

func plainHash(h crypto.Hash, text string) string {
	sum := h.New()
	sum.Write([]byte(text))
	return hex.EncodeToString(sum.Sum(nil))
}

func verify(v webhook.Verifier, h http.Header, body string) (webhook.Receipt, error) {
	r := httptest.NewRequest(http.MethodPost, "/", http.NoBody)
	r.Header = h
	return v.Verify(r, []byte(body))
}

// The vector is that of the reference libraries. The one of 18 bytes that stands in the
// documentation of a provider is too short: the specification, too, wants 24.
func TestStandardWebhooksVerifiesThePublicVectors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		secret, id, stamp, body, signature string
	}{
		"libraries": {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
			`{"test": 2432232314}`, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
		"without its prefix": {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
			`{"test": 2432232314}`, "v1,AAAA v2,x v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1a,AAAA"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := webhook.StandardWebhooks("whsec_"+base64.StdEncoding.EncodeToString([]byte(key1)), c.secret)
			for _, prefix := range []string{"Webhook-", "Svix-"} {
				receipt, err := verify(v, header(prefix+"Id", c.id, prefix+"Timestamp", c.stamp, prefix+"Signature", c.signature), c.body)
				require.NoError(t, err)
				assert.Equal(t, c.id, receipt.ID)
				assert.Equal(t, c.stamp, fmt.Sprint(receipt.Time.Unix()))
			}
		})
	}
}

func TestStandardWebhooksVerifiesAPublicKey(t *testing.T) {
	t.Parallel()
	seed := make([]byte, ed25519.SeedSize)
	private := ed25519.NewKeyFromSeed(seed)
	v := webhook.StandardWebhooks("whpk_" + base64.StdEncoding.EncodeToString(private.Public().(ed25519.PublicKey)))
	signature := "v1a," + base64.StdEncoding.EncodeToString(ed25519.Sign(private, []byte("msg_1.1700000000."+body)))
	h := header("Webhook-Id", "msg_1", "Webhook-Timestamp", "1700000000", "Webhook-Signature", signature)
	_, err := verify(v, h, body)
	require.NoError(t, err)
	_, err = verify(v, h, body+" ")
	assert.ErrorIs(t, err, webhook.ErrForged)
}

// signed are well-signed requests of each scheme.
func signed(t testing.TB) map[string]struct {
	verifier webhook.Verifier
	header   http.Header
	receipt  webhook.Receipt
} {
	at := time.Unix(1700000000, 0)
	standard, err := webhook.Sign(base64.StdEncoding.EncodeToString([]byte(key1)), "msg_1", at, []byte(body))
	require.NoError(t, err)
	private := ed25519.NewKeyFromSeed([]byte(key2))
	hexOf := func(h crypto.Hash, key, text string) string { return hex.EncodeToString(mac(h, key, text)) }
	return map[string]struct {
		verifier webhook.Verifier
		header   http.Header
		receipt  webhook.Receipt
	}{
		"standard": {webhook.StandardWebhooks("whsec_"+base64.StdEncoding.EncodeToString([]byte(key2)), base64.StdEncoding.EncodeToString([]byte(key1))),
			standard, webhook.Receipt{ID: "msg_1", Time: at}},
		"standard with a public key": {webhook.StandardWebhooks("whpk_" + base64.StdEncoding.EncodeToString(private.Public().(ed25519.PublicKey))),
			header("Svix-Id", "msg_1", "Svix-Timestamp", "1700000000", "Svix-Signature", "v1a,"+base64.StdEncoding.EncodeToString(ed25519.Sign(private, []byte("msg_1.1700000000."+body)))),
			webhook.Receipt{ID: "msg_1", Time: at}},
		"timed": {webhook.Timed("Stripe-Signature", key2, key1),
			header("Stripe-Signature", "t=1700000000, v1="+strings.Repeat("0", 64)+",v1="+hexOf(crypto.SHA256, key1, "1700000000."+body)+",v0=00"),
			webhook.Receipt{Time: at}},
		"HMAC": {webhook.HMAC(webhook.HMACScheme{Header: "X-Hub-Signature-256", Prefix: "sha256="}, key2, key1),
			header("X-Hub-Signature-256", "sha256="+hexOf(crypto.SHA256, key1, body)), webhook.Receipt{}},
		"HMAC-SHA512": {webhook.HMAC(webhook.HMACScheme{Header: "X-TFE", Hash: crypto.SHA512}, key1),
			header("X-TFE", hexOf(crypto.SHA512, key1, body)), webhook.Receipt{}},
		"HMAC-SHA1 in base64": {webhook.HMAC(webhook.HMACScheme{Header: "X-Sign", Hash: crypto.SHA1, Base64: true}, key1),
			header("X-Sign", base64.StdEncoding.EncodeToString(mac(crypto.SHA1, key1, body))), webhook.Receipt{}},
		"HMAC with a time": {webhook.HMAC(webhook.HMACScheme{Header: "X-Slack-Signature", Prefix: "v0=", TimeHeader: "X-Time", Signed: "v0:{time}:{body}"}, key1),
			header("X-Slack-Signature", "v0="+hexOf(crypto.SHA256, key1, "v0:1700000000:"+body), "X-Time", "1700000000"), webhook.Receipt{Time: at}},
		"HMAC with a time of RFC 3339": {webhook.HMAC(webhook.HMACScheme{Header: "X-Sign", TimeHeader: "X-Time", Signed: "{time}{body}", Base64: true}, key1),
			header("X-Sign", base64.StdEncoding.EncodeToString(mac(crypto.SHA256, key1, "2023-11-14T23:13:20.5+01:00"+body)), "X-Time", "2023-11-14T23:13:20.5+01:00"),
			webhook.Receipt{Time: at.Add(500 * time.Millisecond)}},
		"HMAC with an id": {webhook.HMAC(webhook.HMACScheme{Header: "X-Sign", TimeHeader: "X-Time", IDHeader: "X-Id", Signed: "{body}{id}{time}"}, key1),
			header("X-Sign", hexOf(crypto.SHA256, key1, body+"{time}1700000000123"), "X-Id", "{time}", "X-Time", "1700000000123"),
			webhook.Receipt{ID: "{time}", Time: at.Add(123 * time.Millisecond)}},
		"HMAC among fields": {webhook.HMAC(webhook.HMACScheme{Header: "X-Sign", Field: "h1", TimeField: "ts", Signed: "{time}:{body}", Base64: true}, key2, key1),
			header("X-Sign", "ts=1700000000;h1="+base64.StdEncoding.EncodeToString(mac(crypto.SHA256, key1, "1700000000:"+body))), webhook.Receipt{Time: at}},
		"HMAC among fields, and a time": {webhook.HMAC(webhook.HMACScheme{Header: "X-Sign", Field: "v1", TimeHeader: "X-Time", Signed: "{time}{body}"}, key1),
			header("X-Sign", "v1="+strings.Repeat("0", 64)+",v1="+hexOf(crypto.SHA256, key1, "1700000000"+body), "X-Time", "1700000000"), webhook.Receipt{Time: at}},
		"plain hash": {webhook.HMAC(webhook.HMACScheme{Header: "X-Sign", Hash: crypto.SHA1, TimeHeader: "X-Time", Signed: "{body}{time}{key}"}, key2, key1),
			header("X-Sign", plainHash(crypto.SHA1, body+"1700000000"+key1), "X-Time", "1700000000"), webhook.Receipt{Time: at}},
		"shared header": {webhook.SharedHeader("Authorization", "Bearer "+key2, "Bearer "+key1), header("Authorization", "Bearer "+key1), webhook.Receipt{}},
	}
}

func TestEachVerifierAcceptsASignatureOfAnyOfItsKeys(t *testing.T) {
	t.Parallel()
	for name, c := range signed(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			receipt, err := verify(c.verifier, c.header, body)
			require.NoError(t, err)
			assert.Equal(t, c.receipt.ID, receipt.ID)
			assert.True(t, c.receipt.Time.Equal(receipt.Time))
		})
	}
}

// This is fault 46: no bit of a request can be changed.
func TestEachVerifierRefusesARequestWithAFlippedBit(t *testing.T) {
	t.Parallel()
	for name, c := range signed(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name != "shared header" {
				for i := range len(body) * 8 {
					changed := []byte(body)
					changed[i/8] ^= 1 << (i % 8)
					_, err := verify(c.verifier, c.header, string(changed))
					require.ErrorIs(t, err, webhook.ErrForged, "bit %d of the body", i)
				}
			}
			for key, values := range c.header {
				for i := range len(values[0]) * 8 {
					h := c.header.Clone()
					changed := []byte(values[0])
					changed[i/8] ^= 1 << (i % 8)
					h[key] = []string{string(changed)}
					if receipt, err := verify(c.verifier, h, body); err == nil {
						require.True(t, sameSignature(values[0], string(changed)), "bit %d of %s: %s", i, key, changed)
						require.Equal(t, c.receipt.ID, receipt.ID)
					} else {
						require.ErrorIs(t, err, webhook.ErrForged)
					}
				}
				h := c.header.Clone()
				h.Del(key)
				_, err := verify(c.verifier, h, body)
				require.ErrorIs(t, err, webhook.ErrForged, "without %s", key)
				h = c.header.Clone()
				h.Add(key, values[0])
				_, err = verify(c.verifier, h, body)
				require.ErrorIs(t, err, webhook.ErrForged, "%s twice", key)
			}
		})
	}
}

// sameSignature reports whether two headers differ only in the case of hex, in spaces, or in fields
// that are not read.
func sameSignature(a, b string) bool {
	return strings.EqualFold(a, b) || strings.Contains(a, strings.Repeat("0", 64))
}

func TestAnotherKeyIsRefused(t *testing.T) {
	t.Parallel()
	h := header("X-Sign", hex.EncodeToString(mac(crypto.SHA256, key2, body)), "S", "t=1700000000,v1="+hex.EncodeToString(mac(crypto.SHA256, key2, "1700000000."+body)))
	for name, v := range map[string]webhook.Verifier{
		"HMAC":          webhook.HMAC(webhook.HMACScheme{Header: "X-Sign"}, key1),
		"timed":         webhook.Timed("S", key1),
		"shared header": webhook.SharedHeader("X-Sign", key1),
	} {
		_, err := verify(v, h, body)
		assert.ErrorIs(t, err, webhook.ErrForged, name)
	}
}

func TestATimeThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for _, stamp := range []string{"", "0", "-1", "+1700000000", "1700000000.5", "1e9", "0x7", "9999999999999999", "١٧",
		"0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2023-11-14 22:13:20Z", "2023-11-14T22:13:20"} {
		h := header("S", "t="+stamp+",v1="+hex.EncodeToString(mac(crypto.SHA256, key1, stamp+"."+body)))
		_, err := verify(webhook.Timed("S", key1), h, body)
		assert.ErrorIs(t, err, webhook.ErrForged, stamp)
	}
	twice := header("S", "t=1,t=2,v1="+hex.EncodeToString(mac(crypto.SHA256, key1, "2."+body)))
	_, err := verify(webhook.Timed("S", key1), twice, body)
	assert.ErrorIs(t, err, webhook.ErrForged)
}

// This is fault 46 for a secret in a URL.
func TestASecretInTheQueryIsComparedWhole(t *testing.T) {
	t.Parallel()
	v := webhook.SharedQuery("token", key2, key1)
	for query, accepted := range map[string]bool{
		"?token=" + key1:                    true,
		"?a=b&token=" + key2:                true,
		"":                                  false,
		"?token=":                           false,
		"?token=" + key1 + "x":              false,
		"?token=" + key1[1:]:                false,
		"?Token=" + key1:                    false,
		"?token=" + key1 + "&token=" + key1: false,
	} {
		_, err := v.Verify(httptest.NewRequest(http.MethodPost, "/hooks"+query, http.NoBody), []byte(body))
		if accepted {
			assert.NoError(t, err, query)
		} else if assert.ErrorIs(t, err, webhook.ErrForged, query) {
			assert.NotContains(t, err.Error(), key1[1:])
		}
	}
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", v, v, v), key1)
}

// This is fault 46: a weak key is an error of New, which prints no key.
func TestAKeyThatIsTooShortIsAnErrorOfNew(t *testing.T) {
	t.Parallel()
	const short = "tooshort-23-bytes-of-it"
	for want, v := range map[string]webhook.Verifier{
		"HMAC: key 2 has 23 bytes, at least 24":             webhook.HMAC(webhook.HMACScheme{Header: "X"}, key1, short),
		"HMAC: no key":                                      webhook.HMAC(webhook.HMACScheme{Header: "X"}),
		"HMAC: key 1 has 0 bytes":                           webhook.Timed("X", ""),
		"SharedHeader: key 1 has 23 bytes":                  webhook.SharedHeader("X", "Bearer "+short),
		"StandardWebhooks: secret 1: it has 23 bytes":       webhook.StandardWebhooks(base64.StdEncoding.EncodeToString([]byte(short))),
		"StandardWebhooks: secret 1: it is not base64":      webhook.StandardWebhooks("whsec_!" + short),
		"StandardWebhooks: secret 1: it has 18 bytes":       webhook.StandardWebhooks("whsec_plJ3nmyCDGBKInavdOK15jsl"),
		"StandardWebhooks: no secret":                       webhook.StandardWebhooks(),
		"StandardWebhooks: secret 1: it is the service's":   webhook.StandardWebhooks("whsk_" + short),
		"secret 1: it has 23 bytes, and a public key 32":    webhook.StandardWebhooks("whpk_" + base64.StdEncoding.EncodeToString([]byte(short))),
		`HMAC: Header: "X Y": not a header's name`:          webhook.HMAC(webhook.HMACScheme{Header: "X Y"}, key1),
		`HMAC: Signed "{id}": must name {body} once`:        webhook.HMAC(webhook.HMACScheme{Header: "X", Signed: "{id}"}, key1),
		`HMAC: Signed "{body}{id}": {id} has no header`:     webhook.HMAC(webhook.HMACScheme{Header: "X", Signed: "{body}{id}"}, key1),
		`HMAC: Signed "{body}": must name {time}`:           webhook.HMAC(webhook.HMACScheme{Header: "X", TimeHeader: "Y"}, key1),
		"HMAC: Hash MD5: must be SHA1, SHA256 or SHA512":    webhook.HMAC(webhook.HMACScheme{Header: "X", Hash: crypto.MD5}, key1),
		`SharedHeader: "": not a header's name`:             webhook.SharedHeader("", key1),
		"SharedHeader: value 2 has a line break":            webhook.SharedHeader("X", key1, key2+"\n"),
		"SharedHeader: value 1 has a line break":            webhook.SharedHeader("X", " "+key1),
		"SharedQuery: the parameter has no name":            webhook.SharedQuery("", key1),
		"SharedQuery: key 2 has 23 bytes":                   webhook.SharedQuery("token", key1, short),
		`HMAC: TimeField "t": the time is in TimeHeader`:    webhook.HMAC(webhook.HMACScheme{Header: "X", Field: "f", TimeField: "t", TimeHeader: "Y", Signed: "{time}{body}"}, key1),
		`HMAC: TimeField "t": needs a Field`:                webhook.HMAC(webhook.HMACScheme{Header: "X", TimeField: "t", Signed: "{time}{body}"}, key1),
		`HMAC: TimeField "v": needs a Field of another`:     webhook.HMAC(webhook.HMACScheme{Header: "X", Field: "v", TimeField: "v", Signed: "{time}{body}"}, key1),
		`HMAC: Prefix "p": must be empty beside Field`:      webhook.HMAC(webhook.HMACScheme{Header: "X", Prefix: "p", Field: "v"}, key1),
		`HMAC: field "v;": must have no comma`:              webhook.HMAC(webhook.HMACScheme{Header: "X", Field: "v;"}, key1),
		`HMAC: Signed "{key}{body}": must name {key} after`: webhook.HMAC(webhook.HMACScheme{Header: "X", Signed: "{key}{body}"}, key1),
	} {
		_, err := webhook.New(readerFunc(readDefault), v)
		if assert.ErrorContains(t, err, want) {
			assert.NotContains(t, err.Error(), short)
			assert.NotContains(t, err.Error(), base64.StdEncoding.EncodeToString([]byte(short)))
		}
	}
}

// This is fault 44: no way of printing a Verifier or a Handler prints a key.
func TestNoVerbPrintsAKey(t *testing.T) {
	t.Parallel()
	for name, c := range signed(t) {
		h, err := webhook.New(readerFunc(readDefault), c.verifier)
		require.NoError(t, err)
		for _, text := range []string{fmt.Sprintf("%v %+v %#v %s", c.verifier, c.verifier, c.verifier, c.verifier), fmt.Sprintf("%v %+v %#v", h, h, h)} {
			assert.NotContains(t, text, key1, name)
			assert.NotContains(t, text, base64.StdEncoding.EncodeToString([]byte(key1)), name)
			assert.NotContains(t, text, "102, 105, 114", name)
		}
	}
}

// This is fault 46: nothing is accepted that no key has signed, and what one has signed is accepted
// as it is and with nothing changed.
func FuzzSignatureHeaders(f *testing.F) {
	f.Add("t=1700000000,v1=00", "1700000000", "msg_1")
	f.Add("v1,AAAA v1a,AAAA", "", "")
	f.Add("sha256=00", "9223372036854775807", "x")
	f.Add("", "1700000000123", "{time}")
	secret := base64.StdEncoding.EncodeToString([]byte(key1))
	standard, timed := webhook.StandardWebhooks(secret), webhook.Timed("Webhook-Signature", key1)
	stamped := webhook.HMAC(webhook.HMACScheme{Header: "Webhook-Signature", Prefix: "sha256=", TimeHeader: "Webhook-Timestamp", Signed: "{time}.{body}"}, key1)
	named := webhook.HMAC(webhook.HMACScheme{Header: "Webhook-Signature", Base64: true, IDHeader: "Webhook-Id", Signed: "{id}.{body}"}, key1)
	all := []webhook.Verifier{standard, timed, webhook.SharedHeader("Webhook-Signature", key1), stamped, named}
	f.Fuzz(func(t *testing.T, signature, stamp, id string) {
		h := http.Header{"Webhook-Signature": {signature}, "Webhook-Timestamp": {stamp}, "Webhook-Id": {id}}
		for _, v := range all {
			if _, err := verify(v, h, body); err == nil {
				t.Fatalf("%v accepts %q %q %q", v, signature, stamp, id)
			} else {
				assert.ErrorIs(t, err, webhook.ErrForged)
			}
		}
		body := signature // any text
		good, err := webhook.Sign(secret, id, time.Unix(1700000000, 0), []byte(body))
		isSent := err == nil && strings.TrimSpace(id) == id
		onlyDigits := stamp != "" && strings.Trim(stamp, "0123456789") == ""
		for _, c := range []struct {
			verifier webhook.Verifier
			header   http.Header
			accepted bool // for sure
		}{
			{standard, good, isSent},
			{timed, header("Webhook-Signature", "v0=1,v1=00, t=1700000000,v1="+hex.EncodeToString(mac(crypto.SHA256, key1, "1700000000."+body))), true},
			{timed, header("Webhook-Signature", "t="+stamp+",v1="+hex.EncodeToString(mac(crypto.SHA256, key1, stamp+"."+body))), onlyDigits && len(stamp) == 10 && stamp[0] != '0'},
			{stamped, header("Webhook-Signature", "sha256="+hex.EncodeToString(mac(crypto.SHA256, key1, stamp+"."+body)), "Webhook-Timestamp", stamp),
				onlyDigits && len(stamp) == 10 && stamp[0] != '0'},
			{named, header("Webhook-Signature", base64.StdEncoding.EncodeToString(mac(crypto.SHA256, key1, id+"."+body)), "Webhook-Id", id), isSent},
		} {
			receipt, err := verify(c.verifier, c.header, body)
			assert.False(t, c.accepted && err != nil, "%v: %v", c.verifier, err)
			if err == nil {
				assert.True(t, receipt.ID == "" || receipt.ID == id)
				assert.False(t, receipt.Time.Before(time.Unix(0, 0)) && !receipt.Time.IsZero())
				_, err = verify(c.verifier, c.header, body+" ")
				assert.ErrorIs(t, err, webhook.ErrForged, "%v: another body", c.verifier)
			} else {
				assert.ErrorIs(t, err, webhook.ErrForged)
			}
		}
	})
}

// values returns the values of some headers, in the order of their names.
func values(h http.Header) (all []*string) {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		all = append(all, &h[name][0])
	}
	return all
}

// isKept reports whether an edited header still holds all that its signature covers: each field but
// those that are not read or are no signature. Hex may be in either case, and base64 may be broken
// into lines.
func isKept(signed, edited string) bool {
	edited = strings.NewReplacer("\r", "", "\n", "").Replace(edited)
	if signed == strings.ToLower(signed) {
		edited = strings.ToLower(edited)
	}
	for _, field := range strings.FieldsFunc(signed, func(r rune) bool { return r == ',' || r == ';' || r == ' ' }) {
		isRead := field != "v0=00" && field != "v1="+strings.Repeat("0", 64)
		if isRead && !strings.Contains(edited, field) {
			return false
		}
	}
	return true
}

// This is fault 46: of a request that was signed, neither the body nor anything that its signature
// covers can be edited, and what is told of it is what was signed.
func FuzzAnEditOfASignedRequest(f *testing.F) {
	schemes := signed(f)
	names := slices.Sorted(maps.Keys(schemes))
	for scheme := range uint8(len(names)) {
		for _, insert := range []string{" ", "0", ",v1=", ",t=1", " v1,", "A", "\n", "="} {
			f.Add(scheme, uint8(0), uint16(3), uint8(0), insert)
			f.Add(scheme, uint8(1), uint16(0), uint8(1), insert)
			f.Add(scheme, uint8(2), uint16(200), uint8(0), insert)
			f.Add(scheme, uint8(3), uint16(5), uint8(9), insert)
		}
	}
	f.Fuzz(func(t *testing.T, scheme, part uint8, from uint16, cut uint8, insert string) {
		name := names[int(scheme)%len(names)]
		c := schemes[name]
		h, sent := c.header.Clone(), body
		edited := append(values(h), &sent)
		text := edited[int(part)%len(edited)]
		start := min(int(from), len(*text))
		end := min(start+int(cut), len(*text))
		*text = (*text)[:start] + insert + (*text)[end:]
		receipt, err := verify(c.verifier, h, sent)
		if err != nil {
			require.ErrorIs(t, err, webhook.ErrForged)
			require.Zero(t, receipt)
			return
		}
		require.Equal(t, c.receipt.ID, receipt.ID)
		require.True(t, c.receipt.Time.Equal(receipt.Time), receipt.Time)
		require.True(t, sent == body || name == "shared header", "%s: the body was edited to %q", name, sent)
		for i, value := range values(c.header) {
			require.True(t, isKept(*value, *edited[i]), "%s: %q was edited to %q", name, *value, *edited[i])
		}
	})
}
