package queue_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/internal/queue"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// item is due since an instant as long as it waits.
type item struct {
	lane  uint16
	kind  string
	since time.Duration
	waits bool
}

func (x *item) Waits(since time.Duration) bool { return x.waits && x.since == since }

type kinds = queue.Kinds[item, *item]

func push(k *kinds, kind string, since time.Duration) *item {
	x := &item{kind: kind, since: since, waits: true}
	x.lane = k.Enter(kind)
	k.Push(x, x.lane, since)
	return x
}

func take(k *kinds, x *item) {
	x.waits = false
	k.Take(x, x.lane)
}

func leave(k *kinds, x *item) {
	k.Leave(x.lane, x.waits)
	x.waits = false
}

// fault 51: as long as nothing may be asked about, items that come and leave take no memory.
func TestAQueueThatStandsStillDoesNotGrow(t *testing.T) {
	k := queue.New[item]()
	stays := []*item{push(k, "", 0), push(k, "", 0), push(k, "", 0)}
	bytes := testing.AllocsPerRun(1, func() {
		for range 10_000 {
			leave(k, push(k, "", 0))
		}
	})
	assert.LessOrEqual(t, bytes, 10_010.0, "the items alone are allocated")
	l := k.Lane(stays[0].lane)
	for _, x := range stays {
		assert.Same(t, l, k.Choose(1))
		assert.Same(t, x, l.Oldest(), "in the order in which they came")
		take(k, x)
		leave(k, x)
	}
	assert.Zero(t, k.Waiting())
	assert.Equal(t, instant.Forever, k.Since())
}

// Within a kind the items come in the order in which they became due. No item is lost, and the
// figures are right whatever is done in between.
func TestEachKindIsServedInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		k := queue.New[item]()
		model := map[string][]*item{} // those that wait, by kind
		waiting, now := 0, time.Duration(0)
		remove := func(x *item) {
			waiting--
			for i, y := range model[x.kind] {
				if y == x {
					model[x.kind] = append(model[x.kind][:i:i], model[x.kind][i+1:]...)
				}
			}
		}
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			now++
			kind := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "kind")
			switch op := rapid.IntRange(0, 9).Draw(t, "op"); {
			case op < 5:
				model[kind] = append(model[kind], push(k, kind, now))
				waiting++
			case op < 8:
				l := k.Choose(8)
				if waiting == 0 {
					require.Nil(t, l)
					continue
				}
				x := l.Oldest()
				require.NotNil(t, x, "a lane that is chosen has somebody waiting")
				require.Same(t, model[x.kind][0], x)
				remove(x)
				take(k, x)
				leave(k, x)
			case len(model[kind]) > 0:
				x := model[kind][rapid.IntRange(0, len(model[kind])-1).Draw(t, "which")]
				remove(x)
				leave(k, x)
			}
			require.Equal(t, waiting, k.Waiting())
			oldest := instant.Forever
			for kind, all := range model {
				_, n := k.Of(kind)
				require.Equal(t, len(all), n)
				if len(all) > 0 {
					oldest = min(oldest, all[0].since)
				}
			}
			require.Equal(t, oldest, k.Since())
		}
	})
}

func TestAKindLeavesWorkersToTheOthers(t *testing.T) {
	t.Parallel()
	k := queue.New[item]()
	for range 100 {
		push(k, "many", 0)
	}
	one := push(k, "one", 0)
	busy := map[string]int{}
	for {
		l := k.Choose(16)
		if l == nil {
			break
		}
		x := l.Oldest()
		take(k, x)
		k.Begin(l)
		busy[x.kind]++
	}
	assert.Equal(t, 1, busy["one"])
	assert.LessOrEqual(t, busy["many"], 12, "three quarters of the workers")
	assert.False(t, one.waits)
}

func TestAnUrgentItemComesBeforeAllOthers(t *testing.T) {
	t.Parallel()
	k := queue.New[item]()
	first, second := push(k, "", 1), push(k, "", 2)
	var urgent queue.Urgent[item, *item]
	assert.Nil(t, urgent.First())
	urgent.Add(second, 2)
	assert.Same(t, second, urgent.First())
	take(k, second)
	assert.Nil(t, urgent.First(), "it waits no longer")
	assert.Same(t, first, k.Choose(1).Oldest())
}

// A tallied item counts how often it is asked whether it waits.
type tallied struct {
	asked *int
	waits bool
}

func (x *tallied) Waits(time.Duration) bool { *x.asked++; return x.waits }

// However many items wait, looking at the head of a lane takes no longer.
func TestTheHeadOfALaneIsShort(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 5, 10, 1000} {
		k := queue.New[tallied]()
		asked, waiting := 0, []*tallied{}
		var lane uint16
		for i := range n {
			x := &tallied{&asked, i%2 == 0}
			lane = k.Enter("")
			k.Push(x, lane, 0)
			if x.waits && i < 10 {
				waiting = append(waiting, x)
			}
		}
		if n == 0 {
			lane = k.Enter("")
		}
		asked = 0
		assert.Equal(t, waiting, slices.AppendSeq([]*tallied{}, k.Lane(lane).Head(10)))
		assert.LessOrEqual(t, asked, 10)
	}
}
