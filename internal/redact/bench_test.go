package redact_test

import (
	"strings"
	"testing"

	"github.com/iamber12/job-status-monitoring/internal/redact"
)

// BenchmarkExcerpt measures what a poll that fails costs beside its request.
func BenchmarkExcerpt(b *testing.B) {
	for name, body := range map[string]string{
		"page": "<html><head><title>502 Bad Gateway</title></head><body>" + strings.Repeat("<p>The server is temporarily unable to serve your request.</p>\n", 40) + "</body></html>",
		"json": `{"error":{"code":503,"message":"` + strings.Repeat("overloaded, try again later. ", 60) + `"}}`,
		"link": `{"error":"` + strings.Repeat("see https://status.example.com/incidents/17?lang=en for more, ", 30) + `"}`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				redact.Excerpt([]byte(body), "hunter two canary")
			}
		})
	}
}
