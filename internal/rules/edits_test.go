package rules_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/iamber12/job-status-monitoring/internal/edits"
	"github.com/iamber12/job-status-monitoring/internal/rules"
)

// fault 17: however a rule was edited, it is refused, or what it means beside another is told twice
// alike.
func TestEditedRulesAreRefusedOrDecide(t *testing.T) {
	t.Parallel()
	keys := []string{"completed, *", "*, failure", "a*", "-", "AB", "Completed ", "fail*", "+", "*b", `"a, b", +`, "*x*, null", "\"\\", "**", "7, 1.0", "true, said", "done, -, *", "done, *", "failed, +"}
	said := []string{"", `"completed"`, `"failure"`, `"ab"`, `"b"`, `7`, `1.0`, `1e400`, `{}`, `"\u0000"`, `[[]]`, `true`, `""`, `"d\u006fne"`, `"failed"`, `{"done":{},"failed":{}}`, `" COMPLETED"`, `"a, b"`}
	edits.Run(t, func(e *edits.Editor) error {
		places := 1 + e.IntN(3)
		set := map[string]int{string(e.Edit(keys)): 1, edits.Pick(e, keys): 2}
		table, err := rules.New(places, set)
		if err != nil {
			if err.Error() == "" {
				return errors.New("an error says nothing")
			}
			return nil
		}
		texts := make([]string, places)
		for i := range texts {
			texts[i] = edits.Pick(e, said)
		}
		all := values(texts...)
		o := table.Find(all)
		switch {
		case o.Fits && set[o.Rule] != o.Means:
			return fmt.Errorf("%q means %d", o.Rule, o.Means)
		case len(o.Raw) > 3*len(strings.Join(texts, ", "))+4: // U+FFFD may stand for a byte
			return fmt.Errorf("%d bytes for %q", len(o.Raw), texts)
		case o != table.Find(all):
			return errors.New("it is not the same again")
		}
		return nil
	})
}
