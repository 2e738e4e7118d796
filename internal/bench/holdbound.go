package main

import (
	"math"
	"slices"
)

// course finds the cheapest way to follow a job of a known law with polls and holds.
type course struct {
	t, live, area []float64 // times, the probability of lasting beyond each, and its integral
	next          []int     // the best time of the next request
	until         []int     // the best end of the hold that it begins; the same time if it is a poll
}

func courseOf(l law) *course {
	c := &course{}
	set := []float64{0}
	top := l.quantile(0.9995)
	const n = 90
	for i := 1; i < n; i++ {
		set = append(set, l.quantile(float64(i)/n), top*math.Pow(float64(i)/n, 2))
	}
	set = append(set, l.quantile(0.995), top, l.quantile(.000001)*.999)
	slices.Sort(set)
	c.t = set[:1]
	for _, v := range set[1:] {
		if v > c.t[len(c.t)-1]+1e-3 {
			c.t = append(c.t, v)
		}
	}
	c.live = make([]float64, len(c.t))
	c.area = make([]float64, len(c.t))
	for i, v := range c.t {
		c.live[i] = l.beyond(v)
		if i == len(c.t)-1 {
			c.live[i] = 0
		}
		if i > 0 {
			// finer integral
			const m = 8
			for j := range m {
				u := c.t[i-1] + (float64(j)+.5)/m*(v-c.t[i-1])
				c.area[i] += l.beyond(u) * (v - c.t[i-1]) / m
			}
			c.area[i] += c.area[i-1]
		}
	}
	c.next, c.until = make([]int, len(c.t)), make([]int, len(c.t))
	return c
}

// solve returns the requests, the delay and the hold time of the best course at the given prices.
func (c *course) solve(kappa, price float64) (n, d, h float64) {
	m := len(c.t)
	vn, vd, vh, v := make([]float64, m), make([]float64, m), make([]float64, m), make([]float64, m)
	for i := m - 2; i >= 0; i-- {
		s := c.live[i]
		best := math.Inf(1)
		if s <= 1e-9 {
			continue
		}
		for j := i; j < m; j++ {
			delay := (c.t[j] - c.t[i]) - (c.area[j]-c.area[i])/s
			if kappa*delay+1 > best {
				break
			}
			if j > i {
				cost := 1 + kappa*delay + c.live[j]/s*v[j]
				if cost < best {
					best = cost
					vn[i], vd[i], vh[i] = 1+c.live[j]/s*vn[j], delay+c.live[j]/s*vd[j], c.live[j]/s*vh[j]
				}
			}
			if i == 0 {
				continue // the job was not seen
			}
			for q := j + 1; q < m; q++ {
				long := (c.area[q] - c.area[j]) / s
				req := 0.0
				if gap := c.t[q] - c.t[j]; gap > longestHold {
					if q > j+1 {
						break
					}
					req = (math.Ceil(gap/longestHold) - 1) * c.live[j] / s
				}
				cost := 1 + req + kappa*delay + price*long + c.live[q]/s*v[q]
				if cost < best {
					best = cost
					vn[i], vd[i], vh[i] = 1+req+c.live[q]/s*vn[q], delay+c.live[q]/s*vd[q], long+c.live[q]/s*vh[q]
				}
			}
		}
		v[i] = best
	}
	return vn[0], vd[0], vh[0]
}

// bound returns the least possible mean delay with a number of requests per job and a number of
// slots.
func bound(kinds []share, requests, slots float64) (delay float64) {
	var cs []*course
	m := 0.0
	for _, k := range kinds {
		cs = append(cs, courseOf(k.law))
		m += k.of * mean(k.law.points(points))
	}
	rate := pending / m
	all := func(kappa, price float64) (n, d, h float64) {
		for i, k := range kinds {
			a, b, c := cs[i].solve(kappa, price)
			n, d, h = n+k.of*a, d+k.of*b, h+k.of*c
		}
		return
	}
	at := func(kappa float64) (n, d float64) {
		lo, hi := math.Log(kappa)-8, math.Log(kappa)+8 // of the price
		if slots > 0 {
			for range 14 {
				mid := (lo + hi) / 2
				if _, _, h := all(kappa, math.Exp(mid)); h*rate > slots {
					lo = mid
				} else {
					hi = mid
				}
			}
		} else {
			hi = 50
		}
		n, d, _ = all(kappa, math.Exp(hi))
		return
	}
	lo, hi := math.Log(1/m), math.Log(5000/m)
	for range 12 {
		mid := (lo + hi) / 2
		n, d := at(math.Exp(mid))
		if n > requests {
			hi = mid
		} else {
			lo, delay = mid, d
		}
	}
	return delay
}
