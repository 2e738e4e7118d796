package backofftest

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
)

var followerRules = []rule{
	{"holds while it follows", "A bulk of jobs runs at once. What holds of a new Strategy holds in the midst of them.",
		subject.amidst},
	{"polls in the end", "When a poll is due a Watcher asks once more. A Strategy that always says later never polls.",
		subject.polls},
	{"holds after hostile follows", "Keys are unknown, repeated or late, ages go back, and clocks stand: that must not " +
		"spoil what was learned.", subject.unfollowed},
	{"learns nothing from a watch that saw nothing", "A watch may be left before its first poll. It says nothing of its job, " +
		"and must leave nothing behind.", subject.forgotten},
	{"safe to follow concurrently", "Watches begin, are polled and end while others ask.", subject.followedAtOnce},
	{"follows without allocation", "Follow is on the path of every poll of every watch.", subject.followedFrugally},
}

// bulk is how many jobs of each kind run at once.
const bulk = 40

// follow tells s of a bulk of jobs, up to an age at which half of them have ended.
func follow(s backoff.Strategy, name string) (err error) {
	f := s.(backoff.Follower)
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
			f.Follow(key(kind, i), kind, 0)
		}
	}
	for age := time.Second; age <= bulk/2*time.Second; age += time.Second {
		for _, kind := range kinds {
			for i := range bulk {
				end := time.Duration(i+1) * time.Second
				switch {
				case age < end:
					step = "Follow of a job that runs"
					f.Follow(key(kind, i), kind, age)
				case age == end:
					step = "Observe of a job that was followed"
					f.Observe(backoff.Outcome{Key: key(kind, i), Kind: kind, After: end - time.Second, Before: end, Ended: true})
				}
			}
		}
	}
	return nil
}

func (x subject) amidst(s backoff.Strategy) error { return errors.Join(follow(s, "bulk"), x.holds(s)) }

// polls asks again at each due moment, as a Watcher does.
func (x subject) polls(s backoff.Strategy) error {
	const most = 100_000 // of questions
	if err := follow(s, "bulk"); err != nil {
		return err
	}
	for _, kind := range kinds {
		for _, elapsed := range []time.Duration{0, time.Second, 19 * time.Second, time.Hour} {
			p := backoff.Poll{Key: "bulk-" + kind + "-30", Kind: kind, Elapsed: elapsed, Attempt: int(elapsed / time.Second)}
			asked := 0
			for p.Waited = max(s.Next(p), 0); ; asked++ {
				wait := s.Next(p)
				if wait <= p.Waited {
					break
				}
				if p.Waited = wait; asked > most || wait == math.MaxInt64 {
					return fmt.Errorf("Next(%+v) still puts the poll off, asked %d times", p, asked)
				}
			}
		}
	}
	return nil
}

// unfollowed tells s what cannot be.
func (x subject) unfollowed(s backoff.Strategy) (err error) {
	f := s.(backoff.Follower)
	step := ""
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%s panicked: %v", step, v)
		}
	}()
	if err := follow(s, "first"); err != nil {
		return err
	}
	for _, kind := range append([]string{""}, kinds...) {
		for _, key := range []string{"", "unknown", "first-" + kind + "-0", "first-" + kind + "-39"} {
			for _, age := range []time.Duration{math.MinInt64, -1, 7 * time.Second, 0, 0, 1, time.Hour, time.Second, time.Second, math.MaxInt64, 0} {
				step = fmt.Sprintf("Follow(%q, %q, %v)", key, kind, age)
				f.Follow(key, kind, age)
			}
			for _, o := range []backoff.Outcome{{}, {After: -1}, {Before: -1, Ended: true}, {After: 2, Before: 1, Ended: true}} {
				o.Key, o.Kind = key, kind
				step = fmt.Sprintf("Observe(%+v)", o)
				f.Observe(o)
				f.Observe(o)
			}
		}
	}
	return errors.Join(follow(s, "second"), x.holds(s))
}

// forgotten tells s of watches that saw nothing.
func (x subject) forgotten(s backoff.Strategy) error {
	f := s.(backoff.Follower)
	if err := teach(s, outcomes); err != nil {
		return err
	}
	want, err := answers(s)
	if err != nil {
		return err
	}
	for i := range 2000 {
		key, kind := "left-"+strconv.Itoa(i), kinds[i%2]
		f.Follow(key, kind, 0)
		f.Observe(backoff.Outcome{Key: key, Kind: kind})
	}
	return unchanged(s, want)
}

func (x subject) followedAtOnce(s backoff.Strategy) error {
	errs := make([]error, 4)
	var all sync.WaitGroup
	for g := range errs {
		all.Go(func() {
			errs[g] = errors.Join(follow(s, strconv.Itoa(g)),
				each(s, near[:20], func(_ backoff.Poll, d time.Duration) bool { return d >= 0 }))
		})
	}
	all.Wait()
	return errors.Join(append(errs, x.holds(s))...)
}

func (x subject) followedFrugally(s backoff.Strategy) error {
	f := s.(backoff.Follower)
	f.Follow("followed", kinds[0], 0)
	age := time.Duration(0)
	if allocates(func() { age += time.Millisecond; f.Follow("followed", kinds[0], age) }) {
		return errors.New("the method Follow allocates")
	}
	return nil
}
