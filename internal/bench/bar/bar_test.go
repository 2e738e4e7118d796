package bar

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestLineGrowsWithWhatIsDone(t *testing.T) {
	t.Parallel()
	assert.Equal(t, strings.Repeat("░", 30)+" 0 of 200  0s  ", line(0, 200, 0, ""))
	assert.Equal(t, strings.Repeat("█", 15)+strings.Repeat("░", 15)+" 100 of 200  1m5s  half", line(100, 200, 65*time.Second, "half"))
	assert.Equal(t, strings.Repeat("█", 30)+" 0 of 0  0s  ", line(0, 0, 0, ""))
}

func TestALineIsPrintedNowAndThenWhereNobodyWatches(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	b := &Bar{out: &out, every: time.Second, began: time.Unix(0, 0)}
	for i := range 10 {
		if now := time.Unix(0, int64(i)*5e8); b.Due(now) {
			b.Show(now, i, 10, "")
		}
	}
	b.Clear()
	assert.Equal(t, 5, strings.Count(out.String(), "\n"))
	assert.NotContains(t, out.String(), "\r")
}

func TestAShorterLineCoversTheLongerOneBeforeIt(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	b := &Bar{out: &out, live: true}
	b.draw("1234")
	b.draw("12")
	b.Clear()
	assert.Equal(t, "\r1234\r12  \r  \r", out.String())
}
