package main

import (
	"os"
	"testing"

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
