package fleet

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// guard bounds what a test waits for where only the outcome counts. Other work may keep the machine
// busy.
const guard = 3 * time.Minute

// The test binary starts itself as the processes that the tests kill. What it is to be stands in
// the environment.
const roleKey = "FLEET_TEST_ROLE"

// play is the life of such a process. It is nil on systems where the tests cannot kill.
var play func(role string) error

func TestMain(m *testing.M) {
	role := os.Getenv(roleKey)
	if role == "" || play == nil {
		goleak.VerifyTestMain(m)
		return
	}
	if err := play(role); err != nil {
		fmt.Fprintln(os.Stderr, role, err)
		os.Exit(1)
	}
}
