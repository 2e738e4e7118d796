package main

import (
	"slices"
	"testing"
)

// promised are the figures of a scenario that must not be passed: geometric means over the laws,
// and the requests for any one law.
type promised struct {
	scenario, aim        string
	laws                 []law
	requests, cost, most float64
}

var fewLaws = []law{laws[2], laws[4], laws[5]} // for what takes long to simulate

// The figures are those that are asked of the learner. Those it reaches are lower.
var promises = []promised{
	{"cold 100", "About(5)", nineLaws, 8, 3.5, 12},
	{"cold 100", "Worth", nineLaws, 7, 2.2, 12},
	{"1,000 after 20", "About(5)", nineLaws, 5.5, 1.3, 7},
	{"1,000 after 20", "Worth", nineLaws, 3.9, 1.15, 7},
	{"ten waves of 100", "About(5)", fewLaws, 5.5, 1.5, 7},
	{"5 x shorter", "About(5)", fewLaws[:2], 5.5, 2.5, 8},
}

// One repetition varies, so that a figure may be passed by a tenth.
const promisedSlack = 1.1

func TestJobsThatOverlapCostNoMoreThanPromised(t *testing.T) {
	t.Parallel()
	for _, p := range promises {
		c := scenarios[slices.IndexFunc(scenarios, func(c scenario) bool { return c.name == p.scenario })]
		c.repeat = 1
		a := aims[slices.IndexFunc(aims, func(a aim) bool { return a.name == p.aim })]
		t.Run(p.scenario+", "+p.aim, func(t *testing.T) {
			t.Parallel()
			var requests, cost average
			for _, l := range p.laws {
				r := c.fare(l, a, 1)
				requests.add(r.requests)
				cost.add(r.cost)
				if r.requests > promisedSlack*p.most {
					t.Errorf("%s: %.2f requests a job, want at most %v", l.name, r.requests, p.most)
				}
			}
			t.Logf("%.2f requests a job, cost %.2f", requests.geometric(), cost.geometric())
			if got := requests.geometric(); got > promisedSlack*p.requests {
				t.Errorf("%.2f requests a job, want at most %v", got, p.requests)
			}
			if got := cost.geometric(); got > promisedSlack*p.cost {
				t.Errorf("cost %.2f, want at most %v", got, p.cost)
			}
		})
	}
}
