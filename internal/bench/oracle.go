package main

import "math"

// score is the cost of a schedule on a law: the mean polls per job, and the mean and the 99th
// percentile of the detection delay in seconds.
type score struct{ n, d, p99 float64 }

// cost returns N + κD: the mean polls plus kappa times the mean delay.
func (s score) cost(kappa float64) float64 { return s.n + kappa*s.d }

// oracle returns the cheapest schedule for the durations x, which are in order and equally likely,
// if a second of delay costs as much as kappa polls. The best poll times are among the durations.
// Let C[j] be the least cost of all jobs up to the end of the j shortest. Then
//
//	C[j] = min over i<j of C[i] + (n−i) + κ·Σ_{i<k≤j}(x_j − x_k).
//
// This is a minimum of lines in x_j whose slopes fall with i, so a monotone convex hull finds it in
// linear time.
func oracle(x []float64, kappa float64) (times []float64) {
	n := len(x)
	cost, prefix, from := make([]float64, n+1), make([]float64, n+1), make([]int, n+1)
	for i, v := range x {
		prefix[i+1] = prefix[i] + v
	}
	type line struct {
		slope, icept float64
		i            int
	}
	hull := make([]line, 0, n)
	head := 0
	for j := 1; j <= n; j++ {
		i := j - 1
		l := line{-kappa * float64(i), cost[i] - float64(i) + kappa*prefix[i], i}
		for len(hull)-head >= 2 {
			a, b := hull[len(hull)-2], hull[len(hull)-1]
			if (l.icept-a.icept)*(a.slope-b.slope) > (b.icept-a.icept)*(a.slope-l.slope) {
				break
			}
			hull = hull[:len(hull)-1]
		}
		hull = append(hull, l)
		for len(hull)-head >= 2 && hull[head+1].slope*x[j-1]+hull[head+1].icept <= hull[head].slope*x[j-1]+hull[head].icept {
			head++
		}
		best := hull[head]
		cost[j] = best.slope*x[j-1] + best.icept + float64(n) + kappa*(float64(j)*x[j-1]-prefix[j])
		from[j] = best.i
	}
	for j := n; j > 0; j = from[j] {
		times = append(times, x[j-1])
	}
	for a, b := 0, len(times)-1; a < b; a, b = a+1, b-1 {
		times[a], times[b] = times[b], times[a]
	}
	return times
}

// bestFixed returns the score of the fixed interval that is cheapest for x.
func bestFixed(x []float64, kappa float64) score {
	at := func(interval float64) score {
		s := score{}
		for _, t := range x {
			k := math.Ceil(t / interval)
			s.n += k
			s.d += k*interval - t
		}
		s.n /= float64(len(x))
		s.d /= float64(len(x))
		return s
	}
	guess := math.Sqrt(2 * mean(x) / kappa)
	best := at(guess)
	for r := 0.2; r < 5; r *= 1.02 {
		if s := at(guess * r); s.cost(kappa) < best.cost(kappa) {
			best = s
		}
	}
	return best
}
