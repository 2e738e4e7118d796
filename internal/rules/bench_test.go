package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/iamber12/job-status-monitoring/internal/rules"
)

// manyRules returns rules like those of a protocol whose answer is a task in one of two places, or
// a message: many words at the first two of six places.
func manyRules() map[string]int {
	all := map[string]int{}
	for n := range 38 {
		all[fmt.Sprintf("word_%d, *, *, *, *, *", n)] = n % 6
		all[fmt.Sprintf("-, word_%d, *, *, *, *", n)] = n % 6
	}
	for i := range 4 {
		all[strings.Repeat("-, ", i)+"+"+strings.Repeat(", *", 5-i)] = 7
	}
	all["-, -, -, -, +, *"], all["-, -, -, -, -, +"] = 8, 8
	return all
}

func BenchmarkNew(b *testing.B) {
	all := manyRules()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rules.New(6, all); err != nil {
			b.Fatal(err)
		}
	}
}
