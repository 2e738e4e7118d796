package main

import (
	"math"
	"testing"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
)

func TestWithoutALimitEachJobIsFollowedAsItWouldBeAlone(t *testing.T) {
	t.Parallel()
	s := backoff.Jitter(backoff.Constant(7*time.Second), 0.3)
	got, _ := loads[0].under(s, 0, firstCome, 1)
	var polls, delays average
	for _, f := range loads[0].jobs(1) {
		if f.counts() {
			n, _, before := watchOf(s, f.Key, f.Kind, f.end-f.begin)
			polls.add(float64(n))
			delays.add(before.Seconds() - (f.end - f.begin))
		}
	}
	if math.Abs(got.n-polls.arithmetic()) > 1e-6 || math.Abs(got.d-delays.arithmetic()) > 1e-6 {
		t.Errorf("%v, alone %v and %v", got, polls.arithmetic(), delays.arithmetic())
	}
}

func TestALimitIsKeptToAndUsedUp(t *testing.T) {
	t.Parallel()
	const gap = 0.9
	for name, o := range map[string]order{"first come": firstCome, "by rank": byRank, "by sample": bySample(samples, fair)} {
		_, rate := loads[1].under(adaptive.New(), gap, o, 1)
		if made := rate * gap; made > 1.001 || made < 0.99 {
			t.Errorf("%s: made %v of what it may", name, made)
		}
	}
}

func TestBySampleTakesTheFirstInTurnAndElseTheGreatestRank(t *testing.T) {
	t.Parallel()
	s := adaptive.New()
	due := []*followed{{begin: 99}, {begin: 0}, {begin: 98}}
	if i := byRank(s)(due, 100); i != 1 {
		t.Errorf("by rank: %d", i)
	}
	pick := bySample(50, 4)(s)
	for n := 1; n <= 12; n++ {
		want := 1
		if n%4 == 0 {
			want = 0
		}
		if i := pick(due, 100); i != want {
			t.Errorf("pick %d: %d, want %d", n, i, want)
		}
	}
}

func TestRankingHearsSoonerThanFirstComeWhereALimitBinds(t *testing.T) {
	t.Parallel()
	var ranked, sampled, p99 average
	for _, l := range loads[:2] {
		x := underLimits(wants[1], l, 3, []float64{0.5})[0]
		ranked.add(x.ranked.d / x.first.d)
		sampled.add(x.sampled.d / x.first.d)
		p99.add(x.sampled.p99 / x.first.p99)
		if x.sampled.d > 0.8*x.fixed.d {
			t.Errorf("%s: by sample %v, at a fixed interval %v", l.name, x.sampled.d, x.fixed.d)
		}
	}
	if ranked.geometric() > 0.65 || sampled.geometric() > 0.7 || p99.geometric() > 1.4 {
		t.Errorf("by rank %v, by sample %v (p99 %v) of first come", ranked.geometric(), sampled.geometric(), p99.geometric())
	}
}
