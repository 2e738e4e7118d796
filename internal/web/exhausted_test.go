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
	for text, want := range map[string]bool{`"a";r=0;t=9`: true, `"a";r=1;t=9, "b";r=0`: true, `limit=9, remaining=0`: true, `"a";r=7;t=9`: false, `"a";t=9`: false} {
		assert.Equal(t, want, web.IsExhausted(http.Header{"Ratelimit": {text}}), text)
	}
	assert.False(t, web.IsExhausted(http.Header{"X-Remaining": {"0"}}))
}
