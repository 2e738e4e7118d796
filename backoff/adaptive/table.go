package adaptive

import "math"

// table is the workspace of planning. Index 0 is time 0, and i+1 is the end of cell i.
type table struct {
	time  []float64
	live  []float64 // chance of a duration beyond time
	first []float64 // sum over the cells so far of chance times mean duration
	cost  []float64 // expected cost from there on, times live
	polls []float64 // the same for polls only, not counting the rarest durations
	next  []int
	parts []float64
}

// tabulate sets the part of the table that does not depend on the wish.
func (f *fitter) tabulate() {
	n := len(f.ends) + 1
	for _, s := range []*[]float64{&f.time, &f.live, &f.first, &f.cost, &f.polls, &f.parts} {
		if cap(*s) < n {
			*s = make([]float64, n, 2*n)
		}
		*s = (*s)[:n]
	}
	if cap(f.next) < n {
		f.next = make([]int, n, 2*n)
	}
	f.next = f.next[:n]

	f.time[0], f.first[0] = 0, 0
	for i, y := range f.ends {
		f.time[i+1] = math.Exp(y)
		mean := (f.time[i] + f.time[i+1]) / 2
		if f.exact[i] > 1 && y-f.ends[max(i-1, 0)] < 2*sameTime {
			mean = f.time[i+1] // the durations in the cell are all the same
		}
		f.first[i+1] = f.first[i] + f.mass[i]*mean
	}
	beyond := 0.0
	for i := n - 1; i >= 0; i-- {
		beyond += f.mass[i]
		f.live[i] = beyond
	}
}
