package main

import "math"

// law is a distribution of job durations in seconds, given by its quantile function.
type law struct {
	name     string
	quantile func(u float64) float64
}

// laws are the distributions of the benchmark. The first is constant, and a comparison with fixed
// intervals makes no sense on it.
var laws = []law{
	{"constant", func(float64) float64 { return 10 }},
	{"uniform 5-15", func(u float64) float64 { return 5 + 10*u }},
	{"exponential", func(u float64) float64 { return -10 * math.Log1p(-u) }},
	{"lognormal .5", func(u float64) float64 { return 10 * math.Exp(0.5*normalQuantile(u)) }},
	{"lognormal 1", func(u float64) float64 { return 10 * math.Exp(normalQuantile(u)) }},
	{"lognormal 2", func(u float64) float64 { return 10 * math.Exp(2*normalQuantile(u)) }},
	{"pareto 1.5", func(u float64) float64 { return 10.0 / 3 * math.Pow(1-u, -2.0/3) }},
	{"mixture", func(u float64) float64 {
		if u < 0.2 {
			return 0.2 + 4*u
		}
		return 30 * math.Exp(0.2*normalQuantile((u-0.2)/0.8))
	}},
	{"weibull 3", weibull(3)},
	{"weibull .5", weibull(0.5)},
}

func weibull(k float64) func(float64) float64 {
	scale := 10 / math.Gamma(1+1/k)
	return func(u float64) float64 { return scale * math.Pow(-math.Log1p(-u), 1/k) }
}

func normalQuantile(u float64) float64 { return math.Sqrt2 * math.Erfinv(2*u-1) }

// scaled returns the law with every duration multiplied by c.
func (l law) scaled(c float64) law {
	return law{l.name, func(u float64) float64 { return c * l.quantile(u) }}
}

// points returns n equally likely quantiles of the law, in order.
func (l law) points(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = l.quantile((float64(i) + 0.5) / float64(n))
	}
	return x
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}
