package quiet

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// looker is the goroutine that took the snapshot, on behalf of test 10, which is a part of test 5.
const looker = `goroutine 99 [running]:
github.com/iamber12/job-status-monitoring/mock/internal/quiet.Snapshot()
	/mock/internal/quiet/goroutine.go:30 +0x1
created by time.goFunc
	/go/src/time/sleep.go:1 +0x1

goroutine 1 [chan receive]:
testing.(*T).Run(0x1)
	/go/src/testing/testing.go:1 +0x1
main.main()
	/main.go:1 +0x1

goroutine 5 [chan receive]:
testing.(*T).Run(0x1)
	/go/src/testing/testing.go:1 +0x1
testing.tRunner(0x1, 0x2)
	/go/src/testing/testing.go:1 +0x1
created by testing.(*T).Run in goroutine 1
	/go/src/testing/testing.go:1 +0x1

goroutine 10 [sync.Cond.Wait]:
sync.(*Cond).Wait(0x1)
	/go/src/sync/cond.go:1 +0x1
github.com/iamber12/job-status-monitoring/mock.(*Clock).Run(0x1, 0x2)
	/mock/clock.go:1 +0x1
testing.tRunner(0x1, 0x2)
	/go/src/testing/testing.go:1 +0x1
created by testing.(*T).Run in goroutine 5
	/go/src/testing/testing.go:1 +0x1

goroutine 20 [chan receive]:
bug.(*hang).Status(0x1, {0x2, 0x3})
	/bug/x_test.go:17 +0x1
github.com/iamber12/job-status-monitoring/internal/timeline.(*worker).ask(0x1)
	/internal/timeline/worker.go:1 +0x1
created by github.com/iamber12/job-status-monitoring/internal/timeline.(*pool).hireLocked in goroutine 19
	/internal/timeline/worker.go:1 +0x1

goroutine 30 [running]:
other.Test(0x1)
	/other/x_test.go:17 +0x1
testing.tRunner(0x1, 0x2)
	/go/src/testing/testing.go:1 +0x1
created by testing.(*T).Run in goroutine 1
	/go/src/testing/testing.go:1 +0x1

goroutine 31 [runnable]:
other.work(0x1)
	/other/x_test.go:17 +0x1
created by other.Test in goroutine 30
	/other/x_test.go:17 +0x1
`

func TestAllStandsStillUnlessWhatMayBeTheTestsOwnGoesOn(t *testing.T) {
	t.Parallel()
	by := func(state, parent string, functions ...string) string {
		text := "\ngoroutine 40 [" + state + "]:\n"
		for _, f := range functions {
			text += f + "(0x1)\n\t/x.go:1 +0x1\n"
		}
		return text + "created by x.f in goroutine " + parent + "\n\t/x.go:1 +0x1\n"
	}
	roundTrip := []string{"net/http.(*persistConn).roundTrip", "net/http.(*Transport).roundTrip", "bug.(*plugin).Status"}
	handler := []string{"bug.handle", "net/http.serverHandler.ServeHTTP", "net/http.(*conn).serve"}
	for name, c := range map[string]struct {
		more  string
		known int
		quiet bool
	}{
		"nothing more":                              {"", 0, true},
		"a helper that waits":                       {by("select", "20", "bug.f"), 0, true},
		"a helper that waits long":                  {by("chan send, 7 minutes, locked to thread", "20", "bug.f"), 0, true},
		"a helper in a bubble that waits":           {by("select (durable), synctest bubble 7", "20", "bug.f"), 0, true},
		"a helper that runs":                        {by("running", "20", "bug.f"), 0, false},
		"a helper that could run":                   {by("runnable", "20", "bug.f"), 0, false},
		"a helper that sleeps":                      {by("sleep", "20", "time.Sleep", "bug.f"), 0, false},
		"a helper that reads":                       {by("IO wait", "20", "internal/poll.(*FD).Read", "net.(*conn).Read", "bug.f"), 0, false},
		"a helper in a system call":                 {by("syscall", "20", "syscall.Syscall", "bug.f"), 0, false},
		"one whose creator is gone":                 {by("runnable", "7", "bug.f"), 0, false},
		"one of the test above":                     {by("runnable", "5", "bug.f"), 0, false},
		"one of the process":                        {by("runnable", "1", "bug.f"), 0, false},
		"one of another test":                       {by("runnable", "31", "bug.f"), 0, true},
		"a listener":                                {by("IO wait", "10", "internal/poll.(*FD).Accept", "net.(*TCPListener).Accept"), 0, true},
		"an idle connection of a server":            {by("IO wait", "10", "internal/poll.(*FD).Read", "bufio.(*Reader).Peek", "net/http.(*conn).serve"), 0, true},
		"an idle connection of a client":            {by("IO wait", "7", "internal/poll.(*FD).Read", "net/http.(*persistConn).readLoop"), 0, true},
		"a handler that waits":                      {by("chan receive", "10", handler...), 0, true},
		"a handler that runs":                       {by("running", "10", handler...), 0, false},
		"a handler that reads":                      {by("IO wait", "10", handler...), 0, false},
		"a request":                                 {by("select", "20", roundTrip...), 0, false},
		"a request that the service lets wait":      {by("select", "20", roundTrip...), 1, true},
		"a request, and a handler that waits":       {by("select", "20", roundTrip...) + by("chan receive", "10", handler...), 0, true},
		"a request, and a handler that runs":        {by("select", "20", roundTrip...) + by("running", "10", handler...), 0, false},
		"a request, and a service of another clock": {by("select", "20", roundTrip...) + by("select", "10", append([]string{sleepOfService}, handler[1:]...)...), 0, false},
		"two requests, and a handler that waits":    {by("select", "20", roundTrip...) + by("select", "20", roundTrip...) + by("chan receive", "10", handler...), 0, false},
		"a body that is read":                       {by("IO wait", "20", "internal/poll.(*FD).Read", "net/http.(*body).Read", "net/http.(*bodyEOFSignal).Read", "bug.f"), 0, false},
		"a collector of garbage":                    {by("GC assist wait", "20", "bug.f"), 0, false},
	} {
		s := Judge(parseGoroutines(looker+c.more), c.known, 10)
		assert.Equal(t, c.quiet, s.Quiet, name)
		if assert.NotEmpty(t, s.Stopped, name) {
			assert.Equal(t, "goroutine 20 [chan receive] in bug.(*hang).Status (/bug/x_test.go:17)", s.Stopped[0].String())
		}
	}
}

// What is still has to stay so, and at one place, for as long as the patience says; what goes on in
// the test begins that anew.
func TestAVigilTakesItsTime(t *testing.T) {
	t.Parallel()
	at := func(id int64, f string) Goroutine { return Goroutine{id: id, frames: []string{f + t.Name()}} }
	still, elsewhere := Stillness{Quiet: true, Stopped: []Goroutine{at(1, "f")}}, Stillness{Quiet: true, Stopped: []Goroutine{at(1, "g")}}
	own, others := Stillness{Own: true}, Stillness{}
	now := time.Now()
	after := func(v *Watch, s Stillness, d time.Duration) bool { return v.See(s, now.Add(d)) }
	for name, c := range map[string]struct {
		looks []Stillness // one a second
		want  bool
	}{
		"for long enough":       {[]Stillness{still, still, still}, true},
		"for too short":         {[]Stillness{still, still}, false},
		"others go on":          {[]Stillness{still, others, still, still}, true},
		"it goes on":            {[]Stillness{still, own, still, still}, false},
		"it goes on to a place": {[]Stillness{still, still, elsewhere, elsewhere}, false},
		"others at the end":     {[]Stillness{still, still, others}, false},
	} {
		v := &Watch{Patience: Patience{Grace: 2 * time.Second, Looks: 3}}
		got := false
		for i, s := range c.looks {
			got = after(v, s, time.Duration(i)*time.Second)
		}
		assert.Equal(t, c.want, got, name)
	}
	v := &Watch{Patience: Patience{Grace: 2 * time.Second, Looks: 3}}
	(&Watch{still: still.Stopped}).Remember()
	for i := range 3 {
		assert.Equal(t, i == 2, after(v, still, time.Duration(i)*time.Millisecond), "at a place that is known")
	}
}

// A look in which something of another test may go on takes nothing back of what enough looks said.
func TestWhatOthersDoLeavesTheReasonAsItWas(t *testing.T) {
	t.Parallel()
	still, others, own := Stillness{Quiet: true}, Stillness{Moving: make([]Goroutine, 1)}, Stillness{Own: true}
	v := &Watch{Patience: Patience{Looks: 2}}
	for i, c := range []struct {
		sees  Stillness
		quiet bool // what the reason says then
	}{{others, false}, {still, true}, {others, false}, {still, true}, {others, true}, {own, false}, {others, false}} {
		v.See(c.sees, time.Now())
		assert.Equal(t, c.quiet, v.Last.Quiet, i)
	}
}

// A hundred looks in a Guard end a vigil, unless what they saw may belong to other tests.
func TestAVigilIsOverOnceEnoughLooksSayNothingNew(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, c := range map[string]struct {
		saw  Stillness
		ends time.Duration
	}{
		"all is still":                       {Stillness{Quiet: true}, Guard},
		"the test's own goes on":             {Stillness{Own: true, Moving: make([]Goroutine, 1)}, Guard},
		"others go on":                       {Stillness{}, Guard},
		"what may be the test's own goes on": {Stillness{Moving: make([]Goroutine, 1)}, 12 * Guard},
	} {
		v := NewWatch(Usual, now)
		over := time.Duration(0)
		for !v.IsOver() {
			over += Guard / busyLooks
			v.Looked(now.Add(over))
			v.See(c.saw, now.Add(over))
		}
		assert.Equal(t, c.ends, over, name)
	}
}

// A look in which what may be the test's own goes on ends no vigil that the looks before it would
// not have failed: the next look decides.
func TestALookThatMayBeOfTheTestsOwnIsNotTheLast(t *testing.T) {
	t.Parallel()
	now := time.Now()
	v := NewWatch(Usual, now)
	look := func(s Stillness) {
		now = now.Add(Guard / busyLooks)
		v.Looked(now)
		v.See(s, now)
	}
	for range 2 * busyLooks {
		look(Stillness{}) // others go on
	}
	require.True(t, v.IsOver())
	look(Stillness{Moving: make([]Goroutine, 1)})
	assert.False(t, v.IsOver())
	look(Stillness{})
	assert.True(t, v.IsOver())
}

// A process that gets little of a core is given the time that its work takes.
func TestAVigilLastsLongerInAProcessThatIsStarved(t *testing.T) {
	t.Parallel()
	began := time.Now()
	v, now := NewWatch(Usual, began), began
	for !v.IsOver() {
		now = now.Add(v.Pause(0) + 20*time.Second)
		v.Looked(now)
		v.See(Stillness{Moving: make([]Goroutine, 1)}, now)
	}
	assert.Greater(t, now.Sub(began), 12*12*Guard)
	v = NewWatch(Usual, now)
	for began = now; !v.IsLong(); v.Changed() {
		now = now.Add(v.Pause(0) + 20*time.Second)
		v.Looked(now)
	}
	assert.Greater(t, now.Sub(began), 12*24*Guard)
}

func TestASnapshotFindsTheCaller(t *testing.T) {
	t.Parallel()
	all, ok := Snapshot()
	require.True(t, ok)
	assert.Equal(t, CurrentID(), all[0].id)
	assert.Equal(t, "running", all[0].state)
	assert.True(t, all[0].test())
	assert.NotZero(t, all[0].parent)
	assert.Len(t, all[0].lines, len(all[0].frames))
}

func FuzzParseGoroutines(f *testing.F) {
	f.Add(looker)
	f.Add("goroutine 7 gp=0x1 m=nil [select (durable), 2 minutes, synctest bubble 1]:\nf({0x1, 0x2})\n\t/x.go:1\n...additional frames elided...\n")
	f.Fuzz(func(t *testing.T, text string) {
		all := parseGoroutines(text)
		assert.LessOrEqual(t, len(all), strings.Count(text, "goroutine "))
		for _, g := range all {
			assert.LessOrEqual(t, len(g.lines), len(g.frames))
			_ = g.String()
		}
		if len(all) > 0 {
			s := Judge(all, 0, all[0].id)
			assert.False(t, s.Quiet && len(s.Moving) > 0)
		}
	})
}
