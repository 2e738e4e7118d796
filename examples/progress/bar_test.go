package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestPulseGoesToAndFroWithinItsWidth(t *testing.T) {
	t.Parallel()
	for width := range 40 {
		for age := range 35 {
			assert.Equal(t, width, len([]rune(plain(pulse(width, time.Duration(age)*100*time.Millisecond)))), "%d, %d", width, age)
		}
	}
	assert.Equal(t, "━━━━━─────", plain(pulse(10, 0)))
	assert.Equal(t, "─────━━━━━", plain(pulse(10, 1500*time.Millisecond)))
	assert.Equal(t, "━━━━━─────", plain(pulse(10, 3*time.Second)))
}
