package child

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	Main(map[string]Part{
		"double": func(p Parent) error {
			var n int
			if err := p.Read(&n); err != nil {
				return err
			}
			return p.Write(2 * n)
		},
		"count": func(p Parent) error {
			var n int
			if err := errors.Join(p.Read(&n), p.Write("ready")); err != nil {
				return err
			}
			p.Wait()
			return p.Write(n + 1)
		},
		"fail": func(Parent) error { return errors.New("as it should in this test") },
	})
	goleak.VerifyTestMain(m)
}

func TestRunReturnsWhatTheChildWrites(t *testing.T) {
	t.Parallel()
	var n int
	require.NoError(t, Run("double", 21, &n))
	require.Equal(t, 42, n)
}

func TestEndReturnsWhatTheChildWritesOnItsWay(t *testing.T) {
	t.Parallel()
	var word string
	p, err := Start("count", 6, &word)
	require.NoError(t, err)
	require.Equal(t, "ready", word)
	var n int
	require.NoError(t, p.End(&n))
	require.Equal(t, 7, n)
}

func TestAChildThatFailsIsAnError(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, Run("fail", nil, new(int)), "child: fail: exit status 1")
	require.ErrorContains(t, Run("missing", nil, new(int)), "child: missing: exit status 2")
}
