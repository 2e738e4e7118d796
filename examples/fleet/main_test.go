package main

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// The workers of the test are this binary.
	if len(os.Args) > 1 && os.Args[1] == "-worker" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

func TestTheCountIsRight(t *testing.T) {
	t.Parallel()
	require.NoError(t, show(t.Context(), 100))
}

// However the command ends, its workers end too: their standard input ends with it.
func TestAWorkerEndsWithTheCommand(t *testing.T) {
	t.Parallel()
	natsURL, stopNATS, err := serveNATS()
	require.NoError(t, err)
	defer stopNATS()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, os.Args[0], "-worker", "w", "-nats", natsURL, "-service", "http://127.0.0.1:1")
	stdin, err := c.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	require.NoError(t, stdin.Close())
	_ = c.Wait()
	require.NoError(t, ctx.Err(), "the worker ran on")
}

func TestItNeedsAJob(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, show(t.Context(), 0), "-jobs 0")
}

func TestTheBoardSeesWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := newBoard()
	b.joined("a", 1)
	b.killed("a")
	b.polled("1", "a")
	b.polled("1", "b")
	b.ended("1", "k", nil)
	b.ended("2", "k", nil)
	require.NoError(t, b.verdict([]string{"1", "2"}))
	require.ErrorContains(t, b.verdict([]string{"1", "2", "3"}), "1 jobs did not end once")
	b.polled("1", "a")
	require.ErrorContains(t, b.verdict([]string{"1"}), "1 jobs were polled by two workers together")
	b.ended("1", "other", os.ErrInvalid)
	require.ErrorContains(t, b.verdict([]string{"1"}), "1 jobs did not end once")
	require.ErrorContains(t, b.verdict([]string{"1"}), "1 ends have an error")
	require.ErrorContains(t, newBoard().verdict(nil), "no worker was killed")
	require.Contains(t, b.line(3), "a (killed)")
}
