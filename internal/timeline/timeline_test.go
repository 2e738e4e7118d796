package timeline

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"pgregory.net/rapid"

	"github.com/iamber12/job-status-monitoring/transport"
)

// fault 52: no goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestIndexDoesWhatAMapDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ix, model := newIndex(), map[string]*watch{}
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 2000), 0, 5000).Draw(t, "ids added, or removed if there") {
			id := fmt.Sprint(n)
			x := model[id]
			got, hash := ix.get(id)
			assert.True(t, got == x)
			if x == nil {
				x = &watch{id: id}
				ix.add(x, hash)
				model[id] = x
			} else {
				ix.remove(x)
				delete(model, id)
			}
		}
		for id, x := range model {
			got, _ := ix.get(id)
			assert.True(t, got == x)
		}
		assert.Len(t, ix.all(), len(model))
	})
}

func TestTimelineIsInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var line line
		var on []*watch
		for _, op := range rapid.SliceOf(rapid.IntRange(0, 99)).Draw(t, "added, or for the largest and smallest moved and removed") {
			switch {
			case op >= 10 || len(on) == 0:
				x := &watch{poll: time.Duration(op), deadline: forever, place: nowhere}
				line.put(x)
				on = append(on, x)
			case op >= 5:
				x := on[op%len(on)]
				x.deadline = time.Duration(op)
				line.put(x)
			default:
				x := on[op%len(on)]
				line.remove(x)
				assert.EqualValues(t, nowhere, x.place)
				on = slices.DeleteFunc(on, func(y *watch) bool { return y == x })
			}
		}
		slices.SortFunc(on, func(a, b *watch) int { return int(a.due() - b.due()) })
		for _, x := range on {
			assert.Equal(t, x.due(), line.next())
			line.remove(line[0])
		}
		assert.Equal(t, forever, line.next())
	})
}

// fault 51: as long as nothing may be polled, those that come and leave take no memory.
func TestABacklogThatStandsStillDoesNotGrow(t *testing.T) {
	t.Parallel()
	b := &backlog{numbers: map[string]uint16{}}
	join := func() *watch {
		x := &watch{}
		b.enter(x, "")
		b.push(x)
		return x
	}
	stays := []*watch{join(), join(), join()}
	for range 10_000 {
		b.leave(join())
	}
	l := b.lanes[0]
	assert.LessOrEqual(t, len(l.queue), 64)
	for _, x := range stays {
		assert.Same(t, l, b.choose(1))
		assert.Same(t, x, l.oldest(), "in the order in which they came")
		b.take(x)
		b.leave(x)
	}
	assert.Zero(t, b.waiting)
}

// fault 32: whose channel of updates was closed is not kept until the Timeline is.
func TestAnOfferOnAClosedChannelIsForgotten(t *testing.T) {
	t.Parallel()
	tl := New(Config{Clock: clock.New(), Logger: zap.NewNop()})
	defer tl.Close()
	closed := make(chan transport.Status)
	close(closed)
	c := tl.NewCall(t.Context(), Limits{Timeout: Unlimited}, true)
	assert.Panics(t, func() { c.Offer(t.Context(), closed, &transport.Status{}, time.Now()) })
	assert.Empty(t, tl.offers)
}

func FuzzLaterNeverGoesBack(f *testing.F) {
	f.Add(int64(0), int64(0))
	f.Add(int64(math.MaxInt64), int64(1))
	f.Add(int64(math.MaxInt64-1), int64(math.MaxInt64))
	f.Fuzz(func(t *testing.T, now, d int64) {
		if now < 0 || d < 0 {
			return // the timeline begins at zero, and waits are not negative
		}
		assert.GreaterOrEqual(t, later(time.Duration(now), time.Duration(d)), time.Duration(now))
	})
}

func FuzzAPollIsLateByNoMoreThanItsSlack(f *testing.F) {
	f.Add(int64(0), int64(0), 0.0, true)
	f.Add(int64(0), int64(time.Minute), 0.0, false)
	f.Add(int64(12345), int64(time.Hour), 1.0, false)
	f.Add(int64(math.MaxInt64-1), int64(math.MaxInt64), 1.0, true)
	f.Fuzz(func(t *testing.T, at, wait int64, share float64, batches bool) {
		if at < 0 || wait < 0 || !(share >= 0 && share <= 1) && share != Exact {
			return // no such poll, or option
		}
		tl := &Timeline{Config: Config{Slack: share}, watches: newIndex()}
		if batches {
			tl.batcher = struct{ transport.Batcher }{}
		}
		aligned := tl.align(time.Duration(at), time.Duration(wait))
		assert.GreaterOrEqual(t, int64(aligned), at)
		assert.LessOrEqual(t, int64(aligned)-at, max(int64(tl.slack(time.Duration(wait))), 0))
		if batches && share != Exact && wait == 0 && at < math.MaxInt64-int64(batchWindow) {
			assert.Greater(t, int64(aligned), at, "jobs of a bulk that begin now have time to meet")
		}
	})
}

func FuzzLastLookIsNeverLateAndNeverTooEarly(f *testing.F) {
	f.Add(int64(0), int64(40), int64(40), int64(60), int64(100), int64(0), uint8(0))
	for ordinal := range uint8(100) {
		f.Add(int64(0), int64(8e10), int64(8e10), int64(12e10), int64(15e10), int64(0), ordinal)
	}
	f.Add(int64(5), int64(7), int64(3), int64(math.MaxInt64), int64(math.MaxInt64), int64(math.MaxInt64), uint8(1))
	f.Fuzz(func(t *testing.T, began, answered, asked, end, poll, allowed int64, ordinal uint8) {
		if began < 0 || answered < began || asked < 0 || asked > answered || end < answered || poll < answered || allowed < 0 {
			return // no such watch
		}
		timeout := time.Duration(Unlimited)
		if end != math.MaxInt64 {
			timeout = time.Duration(end - began)
		}
		c := &Call{t: &Timeline{}, Limits: Limits{Timeout: timeout}, until: forever}
		m := &waiter{call: c, began: time.Duration(began), ordinal: int32(ordinal)}
		x := &watch{waiters: m, poll: time.Duration(poll)}
		x.lookLast(m, time.Duration(asked), time.Duration(answered), time.Duration(allowed))
		may := int64(later(time.Duration(answered), time.Duration(allowed)))
		tenth := end - max(1, (end-began)/10)
		assert.LessOrEqual(t, int64(x.poll), poll, "it only brings the poll forward")
		assert.GreaterOrEqual(t, int64(x.poll), min(poll, may), "and not before the service allows it")
		if x.poll != time.Duration(poll) {
			assert.Less(t, int64(x.poll), end, "it is moved for a waiter that will be there")
			assert.GreaterOrEqual(t, int64(x.poll), tenth, "to its end")
		}
		if poll > end && end > answered && may < end && end != math.MaxInt64 && asked < tenth {
			assert.Less(t, int64(x.poll), end, "a look is taken before the end")
		}
		if moved := x.poll; moved != time.Duration(poll) {
			x.poll = forever
			x.lookLast(m, moved, moved, time.Duration(allowed))
			assert.Equal(t, forever, x.poll, "and once only")
		}
	})
}
