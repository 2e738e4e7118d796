// Package duration has distributions of durations. A service of package mock draws from them how
// long the steps of its jobs last.
//
//	mock.Created(mock.Pending(duration.LogNormal(time.Minute, 0.5)), mock.Completed(nil))
package duration

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A Distribution says how the durations of a step vary. Each duration is a function of the
// service's seed, the job's id and the step. So every run of a test has the same durations.
type Distribution struct {
	name     string
	quantile func(u float64) float64 // seconds, for u in (0, 1)
	err      error
}

// Uniform has durations that are evenly distributed between two bounds.
func Uniform(from, to time.Duration) Distribution {
	a, b := from.Seconds(), to.Seconds()
	return newDistribution("uniform", []any{from, to}, from >= 0 && from <= to, func(u float64) float64 { return a + u*(b-a) })
}

// Exponential has durations without memory: the remaining time of a job does not depend on its age.
func Exponential(mean time.Duration) Distribution {
	m := mean.Seconds()
	return newDistribution("exponential", []any{mean}, mean > 0, func(u float64) float64 { return -m * math.Log1p(-u) })
}

// LogNormal has durations around a median, as of work that depends on many factors. With a sigma of
// 0.5, two in three durations are between 0.6 and 1.6 times the median. With a sigma of 1, two in
// three are between 0.4 and 2.7 times the median. Sigma is above 0 and at most 10.
func LogNormal(median time.Duration, sigma float64) Distribution {
	m := median.Seconds()
	return newDistribution("lognormal", []any{median, sigma}, median > 0 && sigma > 0 && sigma <= 10,
		func(u float64) float64 { return m * math.Exp(sigma*math.Sqrt2*math.Erfinv(2*u-1)) })
}

// Pareto has durations of at least the given one, of which a few are very long. A job that has
// lasted t lasts longer than 2t with probability 2^-alpha. With an alpha of 1 or less there is no
// mean. Alpha is from 0.1 to 100.
func Pareto(least time.Duration, alpha float64) Distribution {
	m := least.Seconds()
	return newDistribution("pareto", []any{least, alpha}, least > 0 && alpha >= 0.1 && alpha <= 100,
		func(u float64) float64 { return m * math.Pow(1-u, -1/alpha) })
}

// Weibull has durations of the Weibull distribution. With a shape below 1, many jobs end early and
// a few last long. A shape of 1 is [Exponential]. With a shape above 1, old jobs are likely to end
// soon. The shape is from 0.1 to 100.
func Weibull(scale time.Duration, shape float64) Distribution {
	m := scale.Seconds()
	return newDistribution("weibull", []any{scale, shape}, scale > 0 && shape >= 0.1 && shape <= 100,
		func(u float64) float64 { return m * math.Pow(-math.Log1p(-u), 1/shape) })
}

// Quantile has durations with a given quantile function. For u in (0, 1), a share u of all
// durations is below f(u).
func Quantile(f func(u float64) time.Duration) Distribution {
	d := Distribution{name: "quantile"}
	if f == nil {
		d.err = errors.New("quantile: the function is nil")
		return d
	}
	d.quantile = func(u float64) float64 { return f(u).Seconds() }
	return d
}

func newDistribution(name string, args []any, valid bool, quantile func(float64) float64) Distribution {
	words := make([]string, len(args))
	for i, arg := range args {
		words[i] = fmt.Sprint(arg)
	}
	d := Distribution{name: name + ":" + strings.Join(words, ","), quantile: quantile}
	if !valid {
		d.err = fmt.Errorf("%s: no such distribution", d.name)
	}
	return d
}

// Parse parses the text of a Distribution, as String returns it. Parse returns an error for any
// other text, and for impossible arguments. The text is a constant duration, or a name with
// arguments:
//
//	10s   uniform:5s,15s   exponential:10s   lognormal:10s,0.5   pareto:3s,1.5   weibull:10s,0.7
func Parse(s string) (Distribution, error) {
	if d, err := time.ParseDuration(s); err == nil {
		s = fmt.Sprintf("uniform:%v,%v", d, d)
	}
	name, list, _ := strings.Cut(s, ":")
	args := strings.Split(list, ",")
	first, err := time.ParseDuration(args[0])
	var second float64
	if err == nil && len(args) == 2 && name != "uniform" {
		second, err = strconv.ParseFloat(args[1], 64)
	}
	var d Distribution
	switch {
	case err != nil:
	case name == "uniform" && len(args) == 2:
		var to time.Duration
		to, err = time.ParseDuration(args[1])
		d = Uniform(first, to)
	case name == "exponential" && len(args) == 1:
		d = Exponential(first)
	case name == "lognormal" && len(args) == 2:
		d = LogNormal(first, second)
	case name == "pareto" && len(args) == 2:
		d = Pareto(first, second)
	case name == "weibull" && len(args) == 2:
		d = Weibull(first, second)
	default:
		err = errors.New("no such distribution")
	}
	if err = errors.Join(err, d.err); err != nil {
		return Distribution{}, fmt.Errorf("duration: %q: want a duration, or one such as uniform:5s,15s, exponential:10s, "+
			"lognormal:10s,0.5, pareto:3s,1.5 or weibull:10s,0.7", s)
	}
	return d, nil
}

// Validate returns an error if an argument of d is impossible.
func (d Distribution) Validate() error {
	if d.quantile == nil && d.err == nil {
		return errors.New("nothing is drawn from a zero Distribution")
	}
	return d.err
}

// String returns the name and the arguments, in the form that [Parse] reads.
func (d Distribution) String() string { return d.name }

// At returns the duration that a share u of all durations is below, for u in (0, 1). The result is
// from 0 to 100 years.
func (d Distribution) At(u float64) time.Duration {
	const most = float64(100 * 365 * 24 * time.Hour)
	if d.quantile == nil {
		return 0
	}
	x := d.quantile(u) * float64(time.Second)
	if !(x > 0) {
		return 0
	}
	return time.Duration(min(x, most))
}
