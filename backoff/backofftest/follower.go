package backofftest

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
)

var followerRules = []rule{
	{"holds while it follows", "A Strategy must keep its rules also while it follows many jobs at once.",
		ofFollower(follower.amidst)},
	{"polls in the end", "When a poll is due, a Watcher calls Next again. A Strategy that always postpones the poll never polls.",
		ofFollower(follower.polls)},
	{"holds after hostile follows", "Keys can be unknown, repeated or late, ages can go back, and clocks can stand still. " +
		"None of this may spoil what was learned.", ofFollower(follower.unfollowed)},
	{"learns nothing from a watch that saw nothing", "A watch may end before its first poll. It says nothing about its job, " +
		"so nothing of it may be kept.", ofFollower(follower.forgotten)},
	{"safe to follow concurrently", "Watches begin, are polled and end while Next is called for others.", ofFollower(follower.atOnce)},
	{"follows without allocation", "Follow is called for every poll of every watch.", ofFollower(follower.withoutAllocation)},
}

// follower is a Follower that is checked.
type follower struct {
	subject
	f backoff.Follower
}

// ofFollower makes the check of a Follower that of any Strategy that is one.
func ofFollower(check func(follower) error) func(subject) error {
	return func(x subject) error { return check(follower{x, x.s.(backoff.Follower)}) }
}

// bulk is how many jobs of each kind run at once.
const bulk = 40

// follow tells of a bulk of jobs, up to an age at which half of them have ended.
func (x follower) follow(name string) (err error) {
	step := ""
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%s panicked: %v", step, v)
		}
	}()
	key := func(kind string, i int) string { return name + "-" + kind + "-" + strconv.Itoa(i) }
	for _, kind := range kinds {
		for i := range bulk {
			step = "Follow of a watch that begins"
			x.f.Follow(key(kind, i), kind, 0)
		}
	}
	for age := time.Second; age <= bulk/2*time.Second; age += time.Second {
		for _, kind := range kinds {
			for i := range bulk {
				end := time.Duration(i+1) * time.Second
				switch {
				case age < end:
					step = "Follow of a job that runs"
					x.f.Follow(key(kind, i), kind, age)
				case age == end:
					step = "Observe of a job that was followed"
					x.f.Observe(backoff.Outcome{Key: key(kind, i), Kind: kind, After: end - time.Second, Before: end, Ended: true})
				}
			}
		}
	}
	return nil
}

func (x follower) amidst() error { return errors.Join(x.follow("bulk"), x.holds()) }

// polls asks again at each due moment, as a Watcher does.
func (x follower) polls() error {
	const most = 100_000 // of questions
	if err := x.follow("bulk"); err != nil {
		return err
	}
	for _, kind := range kinds {
		for _, elapsed := range []time.Duration{0, time.Second, 19 * time.Second, time.Hour} {
			p := backoff.Poll{Key: "bulk-" + kind + "-30", Kind: kind, Elapsed: elapsed, Attempt: int(elapsed / time.Second)}
			asked := 0
			for p.Waited = max(x.f.Next(p), 0); ; asked++ {
				wait := x.f.Next(p)
				if wait <= p.Waited {
					break
				}
				if p.Waited = wait; asked > most || wait == math.MaxInt64 {
					return fmt.Errorf("Next(%+v) still postpones the poll when it is called for the %dth time", p, asked)
				}
			}
		}
	}
	return nil
}

// unfollowed tells of what cannot be.
func (x follower) unfollowed() (err error) {
	step := ""
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%s panicked: %v", step, v)
		}
	}()
	if err := x.follow("first"); err != nil {
		return err
	}
	for _, kind := range append([]string{""}, kinds...) {
		for _, key := range []string{"", "unknown", "first-" + kind + "-0", "first-" + kind + "-39"} {
			for _, age := range []time.Duration{math.MinInt64, -1, 7 * time.Second, 0, 0, 1, time.Hour, time.Second, time.Second, math.MaxInt64, 0} {
				step = fmt.Sprintf("Follow(%q, %q, %v)", key, kind, age)
				x.f.Follow(key, kind, age)
			}
			for _, o := range []backoff.Outcome{{}, {After: -1}, {Before: -1, Ended: true}, {After: 2, Before: 1, Ended: true}} {
				o.Key, o.Kind = key, kind
				step = fmt.Sprintf("Observe(%+v)", o)
				x.f.Observe(o)
				x.f.Observe(o)
			}
		}
	}
	return errors.Join(x.follow("second"), x.holds())
}

// forgotten tells of watches that saw nothing.
func (x follower) forgotten() error {
	if err := teach(x.f, outcomes); err != nil {
		return err
	}
	want, err := answers(x.f)
	if err != nil {
		return err
	}
	for i := range 2000 {
		key, kind := "left-"+strconv.Itoa(i), kinds[i%2]
		x.f.Follow(key, kind, 0)
		x.f.Observe(backoff.Outcome{Key: key, Kind: kind})
	}
	return unchanged(x.f, want)
}

func (x follower) atOnce() error {
	err := together(4, func(g int) error {
		return errors.Join(x.follow(strconv.Itoa(g)),
			each(x.f, near[:20], func(_ backoff.Poll, d time.Duration) bool { return d >= 0 }))
	})
	return errors.Join(err, x.holds())
}

func (x follower) withoutAllocation() error {
	x.f.Follow("followed", kinds[0], 0)
	age := time.Duration(0)
	if allocates(func() { age += time.Millisecond; x.f.Follow("followed", kinds[0], age) }) {
		return errors.New("the method Follow allocates")
	}
	return nil
}
