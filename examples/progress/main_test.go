package main

import (
	"bytes"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/mock"
)

func TestEachJobThatEndedIsPrinted(t *testing.T) {
	t.Parallel()
	srv := mock.NewServer(t, mock.Created(mock.Running(150*time.Millisecond), mock.Completed(nil)),
		mock.Job("broken", mock.Failed("the disk is full")))
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, srv.URL, 3, 15, nil))
	assert.Len(t, regexp.MustCompile(`(?m)^\S+ +completed .* polls +at most .* late$`).FindAllString(out.String(), -1), 3)
	assert.Contains(t, out.String(), "3 of 3 jobs · completed 3 · failed 0")

	out.Reset()
	require.NoError(t, run(t.Context(), &out, srv.URL, 3, 15, []string{"broken"}))
	assert.Regexp(t, `(?m)^broken +failed .*  "the disk is full"$`, out.String())
}

func TestRunReportsWhatItCannotDo(t *testing.T) {
	t.Parallel()
	require.EqualError(t, run(t.Context(), nil, "", 0, 15, nil), "--jobs and --rows must be above zero")
	require.Error(t, run(t.Context(), nil, "nowhere", 1, 1, nil))
}
