package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAPushedEndCostsNoPollOrOne(t *testing.T) {
	t.Parallel()
	p := pushes{jobs: 20, within: 200 * time.Millisecond, pause: 50 * time.Millisecond, watches: 100}
	for name, want := range map[string]func(polls int) bool{
		"a loop that polls every second":          func(polls int) bool { return polls > p.jobs },
		"`WaitForJob`, polls every second":        func(polls int) bool { return polls > p.jobs },
		"`WaitForJob`, webhooks":                  func(polls int) bool { return polls == p.jobs },
		"`WaitForJob`, webhooks that are trusted": func(polls int) bool { return polls == 0 },
		"`WaitForJob`, a stream":                  func(polls int) bool { return polls == p.jobs },
		"`WaitForJob`, a stream that is trusted":  func(polls int) bool { return polls == 0 },
	} {
		for _, w := range waysOfLearning {
			if w.name == name {
				late, polls, err := measure(w, p)
				require.NoError(t, err, name)
				assert.Len(t, late, p.jobs, name)
				assert.Positive(t, late[0], name)
				assert.True(t, want(polls), "%s: %d polls", name, polls)
			}
		}
	}
}

func TestTheTableOfPushesHasALineEach(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, pushTable(&out, pushes{jobs: 2, within: 20 * time.Millisecond, pause: 10 * time.Millisecond, watches: 1000}))
	assert.Equal(t, 2+len(waysOfLearning), strings.Count(out.String(), "\n|"))
	// The heap of the whole process is measured, and other tests run beside this one: so few watches
	// can even seem to take less than nothing.
	assert.Regexp(t, `\n1000 watches that are heard on one stream: -?\d+ bytes each`, out.String())
}

func TestMicrosAreGrouped(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]time.Duration{"0": 999, "7": 7 * time.Microsecond, "999": 999 * time.Microsecond, "1,000": time.Millisecond,
		"1,234,567": 1234567 * time.Microsecond} {
		assert.Equal(t, want, micros(d))
	}
}
