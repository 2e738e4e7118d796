package main

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// This file simulates one Watcher whose service can hold some requests until their job ends. Times
// are in seconds.

const (
	slots       = 64
	pending     = 1000 // mean number of jobs that run at once
	longestHold = 60.0
	leastHold   = 1.0
	steepness   = 8.0
)

// contender is a watch that a rule judges. Its job was last seen to run at the age Elapsed, and now
// has the age age.
type contender struct {
	*vigil
	age  float64
	wait float64 // the time until the next poll, if the job runs now
}

// A vigil is a job and its watch.
type vigil struct {
	backoff.Poll
	law        law
	begin, end float64
	held       float64 // when the held request began; NaN if none is held
	until      float64 // when the hold ends without news
	at         float64 // the time of its next event
}

// holdRule decides which watches are held.
type holdRule struct {
	name string
	// index is the priority of a contender: the highest comes first.
	index func(k *keeper, c contender) float64
	// length is how long a contender is held.
	length func(c contender) float64
	// A watch may be held when it is due. If answered is set, it may also be held after an answer, and
	// if checked is set, when Next is called again.
	answered, checked bool
	unseen            bool // whether a watch may be held before its first poll
	// within means that a watch that is not due may be held only if its poll would come during the
	// hold. So the hold costs no additional request.
	within bool
	steep  float64 // the steepness of the choice; 0 means steepness
}

// keeper is the simulation: a Strategy, a rule, and the watches.
type keeper struct {
	backoff.Strategy
	follower backoff.Follower
	holdRule
	choice choice

	now    float64
	coming []*vigil
	events soonestVigil
	free   int
	used   float64 // seconds for which slots were used while jobs count
	from   float64
	to     float64
	delays []float64
	made   float64
}

// run follows the jobs. It returns the requests per job and the mean delay of the jobs that end
// between from and to.
func (k *keeper) run(jobs []*vigil, from, to float64) score {
	k.coming, k.from, k.to, k.free = jobs, from, to, slots
	k.follower, _ = k.Strategy.(backoff.Follower)
	left := 0
	for _, v := range jobs {
		if k.counts(v) {
			left++
		}
	}
	for len(k.delays) < left {
		if len(k.coming) > 0 && (len(k.events) == 0 || k.coming[0].begin <= k.events[0].at) {
			v := k.coming[0]
			k.coming = k.coming[1:]
			k.now = v.begin
			k.follow(v)
			k.sleep(v, k.Next(v.Poll).Seconds())
			continue
		}
		v := heap.Pop(&k.events).(*vigil)
		k.now = v.at
		if math.IsNaN(v.held) {
			k.wake(v)
		} else {
			k.unhold(v)
		}
	}
	n := float64(len(k.delays))
	s := score{n: k.made / n, d: mean(k.delays)}
	slices.Sort(k.delays)
	s.p99 = k.delays[len(k.delays)*99/100]
	return s
}

func (k *keeper) counts(v *vigil) bool { return k.from <= v.end && v.end < k.to }

func (k *keeper) request() {
	if k.from <= k.now && k.now < k.to {
		k.made++
	}
}

func (k *keeper) follow(v *vigil) {
	if k.follower != nil {
		k.follower.Follow(v.Key, v.Kind, v.Elapsed)
	}
}

// sleep sets the next event of v to the time wait after its job was last seen to run.
func (k *keeper) sleep(v *vigil, wait float64) {
	v.at = v.begin + v.Elapsed.Seconds() + wait
	heap.Push(&k.events, v)
}

// wake handles a watch that is due, or for which Next must be called again.
func (k *keeper) wake(v *vigil) {
	age := k.now - v.begin
	due, wait := true, 0.0
	if k.follower != nil {
		p := v.Poll
		p.Waited = seconds(age) - p.Elapsed
		next := k.Next(p)
		due, wait = next <= p.Waited+1e6, next.Seconds()
	}
	if (due || k.checked && (!k.within || wait-(seconds(age)-v.Elapsed).Seconds() <= longestHold)) && k.offer(v, age) {
		return
	}
	if due {
		k.poll(v)
	} else {
		k.sleep(v, wait)
	}
}

// offer holds v if the rule admits it.
func (k *keeper) offer(v *vigil, age float64) bool {
	if v.Attempt == 0 && !k.unseen {
		return false
	}
	p := v.Poll
	p.Attempt, p.Elapsed = max(p.Attempt, 1), seconds(age)
	c := contender{v, age, k.Next(p).Seconds()}
	if !k.choice.admit(k.index(k, c), k.free, slots) {
		return false
	}
	if v.Attempt == 0 { // the job must be seen first
		k.request()
		if k.now >= v.end {
			k.ended(v, v.Elapsed.Seconds())
			return true
		}
		v.Attempt, v.Elapsed = 1, seconds(age)
		k.follow(v)
	}
	k.request()
	k.free--
	v.held, v.until = k.now, k.now+min(max(k.length(c), leastHold), longestHold)
	v.at = min(max(v.end, k.now), v.until)
	heap.Push(&k.events, v)
	return true
}

// unhold handles a watch whose hold ends.
func (k *keeper) unhold(v *vigil) {
	k.free++
	held := v.held
	if lo, hi := max(held, k.from), min(k.now, k.to); lo < hi {
		k.used += hi - lo
	}
	v.held = math.NaN()
	if k.now >= v.end {
		after := v.Elapsed.Seconds()
		if v.end > held {
			after = v.end - v.begin
		}
		k.ended(v, after)
		return
	}
	k.runs(v)
}

func (k *keeper) poll(v *vigil) {
	k.request()
	v.Attempt++
	if k.now >= v.end {
		k.ended(v, v.Elapsed.Seconds())
		return
	}
	k.runs(v)
}

// runs handles an answer that says that the job of v runs.
func (k *keeper) runs(v *vigil) {
	age := seconds(k.now - v.begin)
	v.Previous, v.Elapsed = age-v.Elapsed, age
	k.follow(v)
	if k.answered && (!k.within || k.Next(v.Poll).Seconds() <= longestHold) && k.offer(v, age.Seconds()) {
		return
	}
	k.sleep(v, k.Next(v.Poll).Seconds())
}

func (k *keeper) ended(v *vigil, after float64) {
	age := k.now - v.begin
	if l, ok := k.Strategy.(backoff.Learner); ok {
		l.Observe(backoff.Outcome{Key: v.Key, Kind: v.Kind, After: min(seconds(after), seconds(age)), Before: seconds(age), Ended: true})
	}
	if k.counts(v) {
		k.delays = append(k.delays, k.now-v.end)
	}
}

// choice decides which contenders get a slot. The fewer slots are free, the fewer contenders get
// one.
type choice struct {
	recent [128]float64
	n      int
	steep  float64
}

func (c *choice) admit(index float64, free, of int) bool {
	above, n := 0, min(c.n, len(c.recent))
	for _, r := range c.recent[:n] {
		if r > index {
			above++
		}
	}
	c.recent[c.n%len(c.recent)] = index
	c.n++
	return free > 0 && !math.IsInf(index, -1) && float64(above)*float64(of) <= c.steep*float64(free)*float64(n)
}

// drawVigils draws jobs of a mix that arrive at random. On average, pending of them run at once.
func drawVigils(kinds []share, until float64, repetition int) []*vigil {
	r := rand.New(rand.NewPCG(61, uint64(repetition)))
	sum := 0.0
	for _, k := range kinds {
		sum += k.of * mean(k.law.points(points))
	}
	rate := pending / sum
	var all []*vigil
	for t := r.ExpFloat64() / rate; t < until; t += r.ExpFloat64() / rate {
		i, u := 0, r.Float64()
		for ; i < len(kinds)-1 && u >= kinds[i].of; i++ {
			u -= kinds[i].of
		}
		all = append(all, &vigil{
			Poll: backoff.Poll{Key: "job-" + strconv.Itoa(len(all)), Kind: kinds[i].kind},
			law:  kinds[i].law, begin: t, end: t + kinds[i].law.quantile(r.Float64()), held: math.NaN(),
		})
	}
	return all
}

// soonestVigil is a heap of watches by their next event.
type soonestVigil []*vigil

func (q soonestVigil) Len() int           { return len(q) }
func (q soonestVigil) Less(i, j int) bool { return q[i].at < q[j].at }
func (q soonestVigil) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *soonestVigil) Push(x any)        { *q = append(*q, x.(*vigil)) }
func (q *soonestVigil) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}
