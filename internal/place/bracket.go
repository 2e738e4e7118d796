package place

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/iamber12/job-status-monitoring/internal/jsonscan"
)

// bracket reads ["key"], [2], [-1], or comparisons such as [field=value,other!=value] and [=value].
func (p *parser) bracket() (step jsonscan.Step, err error) {
	start := p.at
	p.at++
	compares := hasQuotedField(*p)
	if p.peek() == '"' && !compares {
		return p.quoted(start)
	}
	if length := strings.IndexByte(p.text[p.at:], ']'); !compares && length >= 0 && strings.IndexByte(p.text[p.at:p.at+length], '=') < 0 {
		return p.index(p.text[p.at : p.at+length])
	}
	if step, err = p.comparison(start); err != nil {
		return step, err
	}
	for last := &step; p.peek() == ','; last = last.And {
		p.at++
		next, err := p.comparison(start)
		if err != nil {
			return step, err
		}
		last.And = &next
	}
	p.at++ // the closing bracket
	return step, nil
}

// index reads the index of an element and the closing bracket.
func (p *parser) index(inner string) (step jsonscan.Step, err error) {
	n, err := strconv.Atoi(inner)
	if err != nil || n > 1<<20 || n < -1<<20 {
		return step, p.fail(p.at, `a number, field=value or a "key" is wanted here`)
	}
	p.at += len(inner) + 1
	return jsonscan.Step{Kind: jsonscan.Index, Index: n}, nil
}

// comparison reads field=value or field!=value, up to a comma or the closing bracket. The bracket
// was opened at start.
func (p *parser) comparison(start int) (step jsonscan.Step, err error) {
	step.Kind = jsonscan.Where
	p.space()
	at := p.at
	if p.peek() == '"' {
		key, err := p.string("the field")
		if err != nil {
			return step, err
		}
		step.Field = []string{key}
	}
	length := strings.IndexAny(p.text[p.at:], "=],")
	if length < 0 {
		return step, p.fail(start, "the bracket is not closed")
	}
	if p.text[p.at+length] != '=' {
		if strings.IndexByte(p.text[p.at:], ']') < 0 {
			return step, p.fail(start, "the bracket is not closed")
		}
		return step, p.fail(at, "field=value is wanted here")
	}
	field, not := strings.CutSuffix(p.text[p.at:p.at+length], "!")
	if step.Field != nil && field != "" {
		return step, p.fail(p.at, "= or != is wanted here")
	}
	p.at += length + 1
	if step.Not = not; field != "" {
		step.Field = strings.Split(field, ".")
		for _, key := range step.Field {
			if key == "" {
				return step, p.fail(at, "a key is empty")
			}
		}
	}
	value, valueAt, err := p.compared(start)
	if err != nil {
		return step, err
	}
	step.Equal, err = p.name(value, valueAt)
	return step, err
}

// compared reads the value on the right of a comparison. It is quoted as in JSON, or ends before a
// comma or the closing bracket.
func (p *parser) compared(start int) (value string, at int, err error) {
	at = p.at
	if p.peek() == '"' {
		if value, err = p.string("the value"); err != nil {
			return value, at, err
		}
		if c := p.peek(); c != ',' && c != ']' {
			return value, at, p.fail(p.at, "a comma or a closing bracket is wanted here")
		}
		return value, at, nil
	}
	length := strings.IndexAny(p.text[at:], ",]")
	if length < 0 {
		return value, at, p.fail(start, "the bracket is not closed")
	}
	p.at += length
	return p.text[at:p.at], at, nil
}

// hasQuotedField reports whether a comparison with a quoted field follows.
func hasQuotedField(p parser) bool {
	if p.peek() != '"' {
		return false
	}
	_, err := p.string("")
	return err == nil && (p.peek() == '=' || p.peek() == '!')
}

// quoted reads a key that is quoted as in JSON, and the closing bracket.
func (p *parser) quoted(start int) (step jsonscan.Step, err error) {
	at := p.at
	key, err := p.string("the key")
	if err != nil {
		return step, err
	}
	if p.peek() != ']' {
		return step, p.fail(start, "the bracket is not closed")
	}
	p.at++
	step.Key, err = p.name(key, at)
	return step, err
}

// string reads a text that is quoted as in JSON.
func (p *parser) string(what string) (text string, err error) {
	end := p.at + 1
	for end < len(p.text) && p.text[end] != '"' {
		if p.text[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(p.text) || json.Unmarshal([]byte(p.text[p.at:end+1]), &text) != nil {
		return "", p.fail(p.at, "%s is not a string of JSON", what)
	}
	p.at = end + 1
	return text, nil
}
