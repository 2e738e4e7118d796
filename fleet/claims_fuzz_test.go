package fleet

import (
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
)

// Fault 17: whatever stands in a claim, it is that of one partition, or put aside.
func FuzzClaims(f *testing.F) {
	f.Add("0", encode(claim{Format: format, Owner: "b"}))
	f.Add("3", encode(claim{Format: format}))
	for _, subject := range []string{"", "4", "-1", "+1", "01", "1.0", "99999999999999999999", "x"} {
		f.Add(subject, []byte(`{"v":1,"owner":"b"}`))
	}
	for _, data := range []string{"", "{", "null", `{"owner":7}`, `{"v":2,"owner":["b"]}`, `{"v":2,"owner":"b"}`, `{"v":1,"owner":null}`} {
		f.Add("1", []byte(data))
	}
	f.Fuzz(func(t *testing.T, subject string, data []byte) {
		p := newPeers("a", time.Minute)
		o := &ownership{core: newFleet(config{partitions: 4}, newMemory().link(), 1<<20).core, self: "a", log: zap.NewNop(), peers: &p, slots: make([]slot, 4)}
		o.changed(message{subject: subject, data: data, seq: 5})
		o.changed(message{subject: subject, data: encode(claim{Format: format, Owner: "late"}), seq: 4})
		found := 0
		for i := range o.slots {
			r := o.slots[i].record
			require.NotEqual(t, "late", r.owner)
			if r.seq != 0 {
				found++
				require.Equal(t, strconv.Itoa(i), subject, "a write goes to another subject than the claim came from")
				require.Equal(t, r.broken, r.owner == unknownOwner, "nobody owns it only if the claim says so")
				require.Equal(t, r.broken, o.counts.unreadable.Load() > 0)
			}
		}
		require.True(t, found == 1 || o.counts.unreadable.Load() > 0)
	})
}

// Fault 17: whatever the others say of themselves, no member lends more than all, and each that is
// heard of no more is silent.
func FuzzHeartbeats(f *testing.F) {
	f.Add(int64(time.Minute), 0.5, int64(0), false)
	f.Add(int64(math.MaxInt64), math.MaxFloat64, int64(time.Hour), true)
	f.Add(int64(time.Minute), 0.5, int64(2*time.Minute), false)
	f.Add(int64(-1), math.Inf(1), int64(math.MinInt64), false)
	f.Fuzz(func(t *testing.T, lease int64, loan float64, age int64, left bool) {
		if lease <= 0 {
			return // it is put aside
		}
		now := time.Unix(1<<40, 0)
		var r roster
		h := heartbeat{Format: format, Lease: time.Duration(lease), Left: left, Loans: map[string]float64{"a": loan}}
		r.saw("b", member{heartbeat: h, at: now, heard: now})
		later := now.Add(time.Duration(age))
		lent := r.lent("a", later, func(at time.Time) time.Time { return at }, func(string) int { return 3 })
		require.False(t, lent < 0 || lent > 3)
		if age > lease {
			require.Zero(t, lent)
		}
		require.Equal(t, max(age, 0) > lease, len(r.silent(time.Duration(max(age, 0)), later)) == 1)
	})
}
