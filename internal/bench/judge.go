package main

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
)

// kindName is the kind of all jobs here, except for those of a trace.
const kindName = "bench"

// maxPolls ends a watch whose strategy never reaches the end of the job.
const maxPolls = 1 << 20

// watch polls a job of the given duration with s in virtual time. The job ended in (after, before].
// Its end is known at before.
func watch(s backoff.Strategy, key string, duration float64) (polls int, after, before time.Duration) {
	return watchOf(s, key, kindName, duration)
}

// watchOf is like watch, for a job of the given kind.
func watchOf(s backoff.Strategy, key, kind string, duration float64) (polls int, after, before time.Duration) {
	end := seconds(duration)
	p := backoff.Poll{Key: key, Kind: kind}
	for p.Attempt < maxPolls {
		wait := s.Next(p)
		p.Attempt++
		if p.Elapsed+wait >= end {
			return p.Attempt, p.Elapsed, p.Elapsed + wait
		}
		p.Elapsed += wait
		p.Previous = wait
	}
	return p.Attempt, p.Elapsed, end
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// judge scores a schedule on the durations x, which are in order. It watches each duration under
// one of the given number of keys, so that the random draws of a schedule average out.
func judge(begin func(key string) (next func() time.Duration), x []float64, keys int) score {
	delays := make([]float64, 0, len(x))
	total := 0
	for k := range keys {
		next := begin("judge-" + strconv.Itoa(k))
		var elapsed time.Duration
		polls := 0
		for i := k; i < len(x); i += keys {
			end := seconds(x[i])
			for polls == 0 || elapsed < end {
				elapsed += next()
				if polls++; polls > maxPolls {
					panic("bench: a schedule does not get on")
				}
			}
			total += polls
			delays = append(delays, (elapsed - end).Seconds())
		}
	}
	slices.Sort(delays)
	return score{float64(total) / float64(len(x)), mean(delays), delays[len(delays)*99/100]}
}

// judgeTimes scores a schedule that is a list of times.
func judgeTimes(times, x []float64) score {
	delays := make([]float64, 0, len(x))
	total, j := 0, 0
	for _, t := range x {
		for times[j] < t {
			j++
		}
		total += j + 1
		delays = append(delays, times[j]-t)
	}
	slices.Sort(delays)
	return score{float64(total) / float64(len(x)), mean(delays), delays[len(delays)*99/100]}
}

// seeing is what a learner learns about the end of a job.
type seeing bool

const (
	exact   seeing = true  // the service reports when the job ended
	between seeing = false // the service does not, so the end is only known to be between two polls
)

func (s seeing) String() string {
	if s == exact {
		return "its exact end"
	}
	return "only between which polls it ended"
}

// train shows s a job of the given duration.
func train(s backoff.Learner, see seeing, key string, duration float64) {
	o := backoff.Outcome{Key: key, Kind: kindName, Ended: true}
	if see == exact {
		o.After = seconds(duration)
		o.Before = o.After
	} else {
		_, o.After, o.Before = watch(s, key, duration)
	}
	s.Observe(o)
}

// source returns a function that draws durations of a law. It draws the same durations for the same
// repetition.
func source(l law, repetition int) func() float64 {
	r := rand.New(rand.NewPCG(20250101, uint64(repetition)))
	return func() float64 { return l.quantile(r.Float64()) }
}
