package web_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/iamber12/job-status-monitoring/internal/web"
)

func TestAQueryCanStandInARequestLine(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"":                            "",
		"t=1&c=a%20b+c/d?e:f@g;h=%zz": "t=1&c=a%20b+c/d?e:f@g;h=%zz",
		"q=a b":                       "q=a%20b",
		`x={a}"<b>|^\` + "`":          `x={a}%22%3Cb%3E|^\` + "`",
		"name=é&t=1\x7f":              "name=%C3%A9&t=1%7F",
		"\xff":                        "%FF",
	} {
		assert.Equal(t, want, web.EscapeQuery(query))
	}
}
