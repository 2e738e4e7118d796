package batching

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSizeStaysWithinItsBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 5000).Draw(t, "most")
		s := NewSize(most)
		for range rapid.IntRange(0, 200).Draw(t, "events") {
			n := rapid.IntRange(1, s.Now()).Draw(t, "jobs")
			switch rapid.IntRange(0, 3).Draw(t, "event") {
			case 0:
				s.Went(n, rapid.IntRange(0, n).Draw(t, "named"))
			case 1:
				for range 64 {
					s.Went(s.Now(), s.Now())
				}
			case 2:
				if s.TooLarge(n) {
					assert.LessOrEqual(t, s.Now(), max(n-1, 1))
				}
			default:
				s.Refused(n)
			}
			assert.GreaterOrEqual(t, s.Now(), 1)
			assert.LessOrEqual(t, s.Now(), most)
		}
		for range 14 * maxTrial {
			s.Went(s.Now(), s.Now())
		}
		assert.Equal(t, most, s.Now(), "it grows back")
	})
}

func TestSizeIsThatOfAPage(t *testing.T) {
	t.Parallel()
	s := NewSize(100)
	s.Went(100, 99)
	assert.Equal(t, 100, s.Now(), "one job that the service does not know")
	s.Went(100, 0)
	assert.Equal(t, 100, s.Now(), "an empty answer names no length")
	s.Went(100, 25)
	assert.Equal(t, 25, s.Now())
}

func TestTrialsOfALargerSizeBecomeRare(t *testing.T) {
	t.Parallel()
	s := NewSize(100)
	trials := 0
	for range 10_000 {
		if n := s.Now(); n > 25 {
			s.TooLarge(n)
			trials++
		} else {
			s.Went(n, n)
		}
	}
	assert.LessOrEqual(t, trials, 20)
	assert.GreaterOrEqual(t, trials, 3)
}

func TestAnEndpointThatIsNotThereIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := NewSize(100)
	for i, n := range []int{100, 50, 50, 25, 25} { // as batches are divided
		assert.Equal(t, 100, s.Now(), "refused %d", i)
		s.Refused(n)
		s.Went(1, 1) // a single job says nothing about batches
	}
	assert.Equal(t, 1, s.Now())

	s = NewSize(100)
	for range 10 {
		s.Refused(2)
		s.Went(2, 2)
	}
	assert.Equal(t, 100, s.Now(), "there is one")
}

// A job that has each batch refused as too large which it is in, such as one with an endless id,
// does not make the batches of others small.
func TestAJobThatMakesEachOfItsBatchesTooLargeShrinksOthersLittle(t *testing.T) {
	t.Parallel()
	for _, first := range []bool{false, true} { // whether the half with the job is asked about first
		s := NewSize(64)
		s.Went(64, 64)
		for n := 64; n > 1; n /= 2 {
			if !first {
				s.Went(n, n)
			}
			s.TooLarge(n)
			if size := min(n/2, s.Now()); size > 1 && first {
				s.Went(size, size)
			}
		}
		assert.GreaterOrEqual(t, s.Now(), 16, "first %t", first)
	}
}

// Where some batches of a size are answered and others are too large, time and again, the size is
// too large.
func TestASizeThatIsOftenTooLargeIsNotKept(t *testing.T) {
	t.Parallel()
	s := NewSize(64)
	for range 100 {
		if s.Now() == 64 {
			s.Went(64, 64)
			s.TooLarge(64)
		}
	}
	assert.Equal(t, 32, s.Now())
}

// One job that spoils each batch it is in does not make all batches small.
func TestAJobThatIsRefusedInEachPartOfItsBatchShrinksNothing(t *testing.T) {
	t.Parallel()
	s := NewSize(64)
	for n := 64; n > 1; n /= 2 {
		s.Refused(n)
	}
	assert.Equal(t, 64, s.Now())
}

func TestAJobThatSpoilsBatchesGoesAloneForAWhile(t *testing.T) {
	t.Parallel()
	var c JobLimit
	assert.Equal(t, 100, c.Size(100))
	c.Narrow(10)
	assert.Equal(t, 10, c.Size(100))
	assert.Equal(t, 5, c.Size(5))
	for range 4 {
		c.Widen(100)
	}
	assert.Equal(t, 100, c.Size(100))
	c.Isolate()
	for range penance {
		assert.Equal(t, 1, c.Size(100))
		c.Widen(100)
	}
	c.Widen(100)
	assert.Equal(t, 2, c.Size(100))
}
