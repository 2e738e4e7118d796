package main

import (
	"math"
	"testing"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
)

func TestAHoldOfTheSimulationHearsOfTheEndAtOnce(t *testing.T) {
	t.Parallel()
	for i, want := range []score{{n: 3}, {n: 12, d: 5, p99: 5}} { // whoever is due, nobody
		k := keeper{Strategy: backoff.Constant(10 * time.Second), holdRule: holdRules[i], choice: choice{steep: steepness}}
		got := k.run([]*vigil{{end: 105, held: math.NaN()}}, 0, 1000)
		if got != want {
			t.Errorf("%s: %v, want %v", holdRules[i].name, got, want)
		}
	}
}
