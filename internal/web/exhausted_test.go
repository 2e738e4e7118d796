package web_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/iamber12/job-status-monitoring/internal/web"
)

// fault 11
func TestAQuotaOfNothingIsExhausted(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"0": true, " 0 ": true, "0.0": true, "-1": true, "1": false, "": false, "none": false} {
		for _, name := range []string{"X-RateLimit-Remaining", "RateLimit-Remaining", "X-Rate-Limit-Remaining"} {
			h := http.Header{}
			h.Set(name, text)
			assert.Equal(t, want, web.IsExhausted(h), "%s: %s", name, text)
		}
	}
	assert.False(t, web.IsExhausted(http.Header{"X-Remaining": {"0"}}))
}
