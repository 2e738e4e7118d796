package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/internal/bench/child"
)

func TestMain(m *testing.M) {
	child.Main(parts)
	goleak.VerifyTestMain(m)
}

// It counts the goroutines of the process, and so runs alone.
func TestEachJobEndsOnceAndAsItsScriptSaysUnderFaults(t *testing.T) {
	var out strings.Builder
	require.NoError(t, soak{jobs: 2000, faults: 0.1, seed: 1, out: &out}.run())
	assert.Contains(t, out.String(), "2000 jobs in")
	assert.Contains(t, out.String(), "1800 completed, 200 failed")
	assert.NotContains(t, out.String(), " 0 of them spoiled")
}

func TestASoakWithoutJobsIsAnError(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, soak{}.run(), "at least one job")
	require.ErrorContains(t, soak{jobs: 1, faults: 2}.run(), "a share of faults")
}

func TestEndsThatAreWrongAreNamed(t *testing.T) {
	t.Parallel()
	good := jobstatus.Status{ID: "job-1", State: jobstatus.Completed}
	bad := jobstatus.Status{ID: "job-10", State: jobstatus.Failed, Message: failure}
	failed := &jobstatus.JobError{Status: bad}
	for name, c := range map[string]struct {
		st   jobstatus.Status
		err  error
		want string
	}{
		"a job that completed":               {good, nil, ""},
		"a job that failed":                  {bad, failed, ""},
		"a job that should have failed":      {jobstatus.Status{ID: "job-10", State: jobstatus.Completed}, nil, "job-10 ended wrong"},
		"a job that should not have failed":  {jobstatus.Status{ID: "job-1", State: jobstatus.Failed}, failed, "job-1 ended wrong"},
		"a failure with another's message":   {jobstatus.Status{ID: "job-10", State: jobstatus.Failed}, failed, "job-10 ended wrong"},
		"a wait that gave up":                {good, errors.New("gave up"), "job-1 ended wrong"},
		"a job that is not one of the round": {jobstatus.Status{ID: "job-20"}, nil, "is no job"},
		"no job":                             {jobstatus.Status{ID: "x"}, nil, "is no job"},
	} {
		e := ends{seen: make([]bool, 20)}
		e.add(c.st, c.err)
		if c.want == "" {
			assert.NoError(t, e.first, name)
		} else {
			assert.ErrorContains(t, e.first, c.want, name)
		}
	}
}

func TestAResultThatIsMissingOrComesTwiceIsWrong(t *testing.T) {
	t.Parallel()
	e := ends{seen: make([]bool, 3)}
	st := jobstatus.Status{ID: "job-1", State: jobstatus.Completed}
	e.add(st, nil)
	require.ErrorContains(t, e.wrong(), "2 jobs have no result")
	e.add(st, nil)
	require.ErrorContains(t, e.wrong(), "a second result for job-1")
}

func TestWhatIsLeftIsSaid(t *testing.T) {
	t.Parallel()
	before := held{1 << 20, 3}
	assert.NoError(t, before.left(held{2 << 20, 3}))
	assert.ErrorContains(t, before.left(held{1 << 20, 5}), "2 goroutines are left")
	assert.ErrorContains(t, before.left(held{8 << 20, 3}), "the heap has grown by 7340032 bytes")
}
