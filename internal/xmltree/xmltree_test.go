package xmltree_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring/internal/xmltree"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestXMLIsReadAsJSON(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`<a/>`:     `{"a":""}`,
		`<a> </a>`: `{"a":""}`,
		`<?xml version="1.0"?><!-- c --><!DOCTYPE a><job id="7" ok='true'><state> done </state><error/></job>`: `{"job":{"id":7,"ok":true,"state":"done","error":""}}`,
		`<a><n>1.50</n><n>007</n><n>-3</n><n>-</n><n>1 2</n><n>false</n><n>null</n></a>`:                       `{"a":{"n":1.50,"n":"007","n":-3,"n":"-","n":"1 2","n":false,"n":"null"}}`,
		`<a code="5">gone</a>`:               `{"a":{"code":5,"@text":"gone"}}`,
		`<a>one <b/> two</a>`:                `{"a":{"b":"","@text":"one  two"}}`,
		`<a><![CDATA[x < "y"]]> &amp; z</a>`: `{"a":"x \u003c \"y\" \u0026 z"}`,
		`<s:E xmlns:s="urn:s" xmlns="urn:d"><s:B xsi:type="x" s:y="1">2</s:B></s:E>`:                                         `{"E":{"B":2}}`,
		`<?xml version="1.0" encoding="utf-16"?><a>é</a>`:                                                                    `{"a":"é"}`, // as a StringWriter of .NET declares it
		`<?xml version="1.0" encoding="Unicode"?><a>é</a>`:                                                                   `{"a":"é"}`,
		`<?xml version="1.0" encoding="UTF8"?><a>é</a>`:                                                                      `{"a":"é"}`,
		`<?xml version="1.0" encoding="cp1252"?><a>` + "\xe9</a>":                                                            `{"a":"é"}`,
		`<?xml version="1.0" encoding="ISO-8859-1"?><a>` + "\xe9</a>":                                                        `{"a":"é"}`,
		`<?xml version="1.0" encoding="US-ASCII"?><a>e</a>`:                                                                  `{"a":"e"}`,
		`<a xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><b i:nil="true"/><c i:nil="false"/><d i:nil="1" e="f"/></a>`: `{"a":{"b":null,"c":"","d":{"e":"f"}}}`,
		`<b><a>1</a><a>2</a></b>`:                                                                                            `{"b":{"a":1,"a":2}}`,
	} {
		got, err := xmltree.JSON([]byte(text))
		require.NoError(t, err, text)
		assert.Equal(t, want, string(got), text)
	}
}

func TestWhatIsNoXMLIsAnError(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", "x", "<a>", "<a></b>", "<a/><b/>", "<a/>x", "x<a/>", "<a", "<a>&nope;</a>", `<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`,
		`<?xml version="1.0" encoding="ebcdic"?><a/>`, strings.Repeat("<a>", 65) + strings.Repeat("</a>", 65),
	} {
		_, err := xmltree.JSON([]byte(text))
		assert.Error(t, err, text)
	}
	_, err := xmltree.JSON([]byte(strings.Repeat("<a>", 64) + strings.Repeat("</a>", 64)))
	assert.NoError(t, err)
}

// fault 20: what a document becomes is a small multiple of it.
func FuzzXMLBecomesJSONOfABoundedSize(f *testing.F) {
	for _, text := range []string{`<a b="1">c<d/>e</a>`, `<a>&lt;&#x1;</a>`, "<?xml encoding='latin1'?><a>\xff</a>", `<a><![CDATA[<]]></a>`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := xmltree.JSON(text)
		if err != nil {
			return
		}
		require.True(t, json.Valid(got), "%q: %s", text, got)
		require.LessOrEqual(t, len(got), 6*len(text)+64)
	})
}
