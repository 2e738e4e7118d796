package adaptive_test

import (
	"fmt"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
)

func ExampleLearner() {
	s := adaptive.New(adaptive.Worth(time.Second))
	fmt.Println("before:", s.Next(backoff.Poll{Key: "job-1", Kind: "backup"}).Round(time.Second))

	// A Watcher does this for each job that it has watched to its end.
	for range 5 {
		s.Observe(backoff.Outcome{Kind: "backup", After: 40 * time.Second, Before: 40 * time.Second, Ended: true})
	}
	fmt.Println("after: ", s.Next(backoff.Poll{Key: "job-1", Kind: "backup"}).Round(time.Second))
	// Output:
	// before: 2s
	// after:  40s
}

func ExampleLearner_MarshalBinary() {
	s := adaptive.New()
	s.Observe(backoff.Outcome{Kind: "backup", After: 40 * time.Second, Before: 41 * time.Second, Ended: true})
	saved, _ := s.MarshalBinary() // keep it in a file, and after a restart:

	restarted := adaptive.New()
	if err := restarted.UnmarshalBinary(saved); err != nil {
		fmt.Println("starting afresh:", err)
	}
	p := backoff.Poll{Key: "job-1", Kind: "backup"}
	fmt.Println(s.Next(p) == restarted.Next(p))
	// Output: true
}
