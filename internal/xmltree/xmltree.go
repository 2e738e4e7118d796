// Package xmltree rewrites XML as JSON, so that values are looked for in both in the same way.
//
//	<job id="7"><state>done</state><error/></job>   {"job":{"id":7,"state":"done","error":""}}
package xmltree

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// text is the key of the text of an element that also has attributes or elements.
const text = "@text"

// instance is the namespace of the attribute that says that an element has no value.
const instance = "http://www.w3.org/2001/XMLSchema-instance"

// maxDepth is the maximum depth of nested elements.
const maxDepth = 64

// element is an element that has begun and not ended.
type element struct {
	hasKeys bool
	isNil   bool
	text    []byte
}

// JSON returns a document of XML as an object of JSON with its root element. An element is an
// object with its attributes and elements, which have no prefix. An element with neither is its
// text, as a number or a boolean if it looks like one, or null if xsi:nil says so. Siblings with
// the same name become the same key, which then occurs several times. Attributes with a prefix are
// left out.
func JSON(body []byte) ([]byte, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	d.CharsetReader = charset
	out := make([]byte, 0, len(body))
	open := []element{{}} // the first is the document
	for {
		token, err := d.Token()
		last := &open[len(open)-1]
		switch {
		case err == io.EOF && len(bytes.TrimSpace(last.text)) > 0:
			return nil, errors.New("text stands outside the root element")
		case err == io.EOF && last.hasKeys:
			return append(out, '}'), nil
		case err == io.EOF:
			return nil, errors.New("no element")
		case err != nil:
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if len(open) > maxDepth {
				return nil, fmt.Errorf("elements stand more than %d deep", maxDepth)
			}
			if len(open) == 1 && last.hasKeys {
				return nil, errors.New("a second root element")
			}
			out = last.key(out, t.Name.Local)
			var begun element
			for _, a := range t.Attr {
				switch {
				case a.Name.Space == instance && a.Name.Local == "nil":
					begun.isNil = a.Value == "true" || a.Value == "1"
				case a.Name.Space == "" && a.Name.Local != "xmlns":
					out = appendValue(begun.key(out, a.Name.Local), a.Value)
				}
			}
			open = append(open, begun)
		case xml.CharData:
			last.text = append(last.text, t...)
		case xml.EndElement:
			out = last.end(out)
			open = open[:len(open)-1]
		}
	}
}

// key appends a key of e.
func (e *element) key(out []byte, name string) []byte {
	separator := byte('{')
	if e.hasKeys {
		separator = ','
	}
	e.hasKeys = true
	return append(appendText(append(out, separator), name), ':')
}

// end appends what follows the keys of e.
func (e *element) end(out []byte) []byte {
	said := strings.TrimSpace(string(e.text))
	switch {
	case e.isNil && said == "" && !e.hasKeys:
		return append(out, "null"...)
	case !e.hasKeys:
		return appendValue(out, said)
	case said != "":
		out = appendValue(e.key(out, text), said)
	}
	return append(out, '}')
}

func appendValue(out []byte, said string) []byte {
	switch {
	case said == "true" || said == "false" || said != "" && (said[0] == '-' || said[0] >= '0' && said[0] <= '9') && json.Valid([]byte(said)):
		return append(out, said...)
	default:
		return appendText(out, said)
	}
}

func appendText(out []byte, said string) []byte {
	quoted, _ := json.Marshal(said) // a string always can be
	return append(out, quoted...)
}

// charset returns a reader that converts a document to UTF-8. It reads windows-1252 as Latin-1,
// because words do not have the bytes in which the two differ. A document that says it is UTF-16 is
// UTF-8, because its declaration could be read. Programs write it that make XML of a text.
func charset(name string, in io.Reader) (io.Reader, error) {
	switch strings.ToLower(name) {
	case "us-ascii", "ascii", "utf8", "utf-16", "utf16", "unicode":
		return in, nil
	case "iso-8859-1", "iso8859-1", "latin1", "latin-1", "windows-1252", "cp1252":
		body, err := io.ReadAll(in)
		var decoded []byte
		for _, b := range body {
			decoded = utf8.AppendRune(decoded, rune(b))
		}
		return bytes.NewReader(decoded), err
	default:
		return nil, fmt.Errorf("the encoding %.40q is not supported", name)
	}
}
