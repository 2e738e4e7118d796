package adaptive

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
)

// Merge combines several states that [Learner.MarshalBinary] returned into one. If the states
// together hold more jobs of a kind than fit into one state, Merge keeps the newest jobs of each
// state, in proportion. If a state is damaged, the error says which one and where.
func Merge(saved ...[]byte) ([]byte, error) {
	merged := map[string]*ranked{}
	for i, data := range saved {
		states, err := decode(data)
		if err != nil {
			return nil, fmt.Errorf("state %d of %d: %w", i+1, len(saved), err)
		}
		for n, s := range states {
			use := float64(n+1) / float64(len(states))
			if m := merged[s.name]; m != nil {
				m.parts = append(m.parts, s)
				m.use = max(m.use, use)
				continue
			}
			merged[s.name] = &ranked{parts: []state{s}, use: use}
		}
	}
	all := make([]*ranked, 0, len(merged))
	for _, m := range merged {
		all = append(all, m)
	}
	slices.SortFunc(all, func(x, y *ranked) int {
		return cmp.Or(cmp.Compare(x.use, y.use), cmp.Compare(x.parts[0].name, y.parts[0].name))
	})
	states := make([]state, len(all))
	for i, m := range all {
		states[i] = merge(m.parts)
	}
	return encodeAll(states), nil
}

// ranked is a kind in several states, and how recently it was used: from 0 to 1 for the newest.
type ranked struct {
	parts []state
	use   float64
}

// merge combines several states of the same kind into one.
func merge(parts []state) state {
	out := state{name: parts[0].name}
	total := 0
	for _, s := range parts {
		total += len(s.spans)
		out.doubt = out.doubt || s.doubt
		out.change = max(out.change, s.change)
		out.progress = out.progress.merge(s.progress)
	}
	// Spans are in the order in which their watches began. Between different states the order is not
	// known, so their spans are interleaved evenly.
	type placed struct {
		span
		at float64
	}
	var all []placed
	before := 0
	room := func(spans int) int { return spans * min(total, maxSpans) / max(total, 1) }
	for _, s := range parts {
		n := len(s.spans)
		kept := room(before+n) - room(before) // all of them together are as many as fit
		before += n
		for i, x := range s.spans[n-kept:] {
			all = append(all, placed{x, (float64(i) + 0.5) / float64(kept)})
		}
	}
	slices.SortStableFunc(all, func(x, y placed) int { return cmp.Compare(x.at, y.at) })
	for _, x := range all {
		out.spans = appendSpan(out.spans, x.span)
	}
	return out
}

// merge returns the combination of p and q. Either may be nil.
func (p *progress) merge(q *progress) *progress {
	if p == nil {
		return q
	}
	if q == nil {
		return p
	}
	out := &progress{}
	for i := range out {
		x, y := p[i], q[i]
		n := x.n + y.n
		if n == 0 {
			continue
		}
		d, share := y.mean-x.mean, y.n/n
		out[i] = reported(min(n, maxReports), x.mean+share*d, (1-share)*x.variance+share*y.variance+share*(1-share)*d*d)
	}
	return out
}

// encodeAll returns the saved form of the given kinds, of which the least recently used is first.
func encodeAll(states []state) []byte {
	b := header(len(states))
	for _, s := range states {
		b = s.encode(b)
	}
	return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

// header returns the beginning of a saved state with the given number of kinds.
func header(kinds int) []byte {
	return binary.AppendUvarint(append([]byte(stateMagic), stateVersion), uint64(kinds))
}
