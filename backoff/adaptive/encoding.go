package adaptive

import (
	"bytes"
	"encoding"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
)

// The history is saved as
//
//	"JSBA", one byte of version: 2
//	the number of kinds
//	for each kind, the least recently used first:
//	    length of the name, the name
//	    the number of spans; for each: after, before
//	    the number of scores; for each: z, weight
//	    32, or 0 if no progress was reported; for each of 16 bins of progress: reports and 0, mean and variance
//	CRC-32 (IEEE) of all before it, four bytes, little-endian
//
// Numbers and lengths are unsigned varints as in encoding/binary. Times are seconds, and like scores an IEEE 754 float32,
// little-endian; before is +Inf for a watch that gave up, and equals after where the exact end is known. Options are not saved.
const (
	historyMagic   = "JSBA"
	historyVersion = 2
	checksumSize   = 4
)

var (
	_ encoding.BinaryMarshaler   = (*Learner)(nil)
	_ encoding.BinaryUnmarshaler = (*Learner)(nil)
)

// MarshalBinary saves what was learned, at most some 8 KiB a kind. It may be called while the Adaptive is in use. The error is
// always nil.
func (a *Learner) MarshalBinary() ([]byte, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	names := make([]string, 0, len(a.kinds))
	used := make(map[string]uint64, len(a.kinds))
	for name, k := range a.kinds {
		names = append(names, name)
		used[name] = k.used.Load()
	}
	slices.SortFunc(names, func(x, y string) int {
		if used[x] != used[y] {
			return int(min(max(int64(used[x]-used[y]), -1), 1))
		}
		return bytes.Compare([]byte(x), []byte(y))
	})
	b := append([]byte(historyMagic), historyVersion)
	b = binary.AppendUvarint(b, uint64(len(names)))
	for _, name := range names {
		b = binary.AppendUvarint(b, uint64(len(name)))
		b = append(b, name...)
		b = a.kinds[name].append(b, a.wish())
	}
	return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b)), nil
}

// append appends the history, and makes the plan that whoever loads it will make.
func (k *kind) append(b []byte, w wish) []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stale > 0 {
		k.replan(w)
	}
	b = binary.AppendUvarint(b, uint64(len(k.history.spans)))
	for _, s := range k.history.spans {
		b = appendPair(b, s.after, s.before)
	}
	b = binary.AppendUvarint(b, uint64(len(k.history.scores)))
	for _, s := range k.history.scores {
		b = appendPair(b, s.z, s.weight)
	}
	p := k.progress.Load()
	if p == nil {
		return binary.AppendUvarint(b, 0)
	}
	b = binary.AppendUvarint(b, 2*progressBins)
	for _, r := range p {
		b = appendPair(b, r.n, 0)
		b = appendPair(b, r.mean, r.variance)
	}
	return b
}

func appendPair(b []byte, x, y float32) []byte {
	b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	return binary.LittleEndian.AppendUint32(b, math.Float32bits(y))
}

// UnmarshalBinary replaces what was learned by what MarshalBinary saved, and plans anew, in about 200 µs a kind. Where there
// are more kinds than [Kinds] allows, the most recently used are kept. If data is damaged or of a version that is not known, the
// error says so, and the history is empty.
func (a *Learner) UnmarshalBinary(data []byte) error {
	names, histories, learned, err := decodeHistory(data)
	kinds := map[string]*kind{}
	skip := max(0, len(names)-max(a.limit, 1))
	for i, name := range names {
		if i < skip {
			continue
		}
		k := &kind{history: histories[i]}
		k.used.Store(a.tick.Add(2))
		k.progress.Store(learned[i])
		if len(k.history.spans) > 0 {
			k.replan(a.wish())
		}
		kinds[name] = k
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.kinds = kinds
	return err
}

var errDamaged = errors.New("backoff: saved history is damaged")

func decodeHistory(data []byte) (names []string, histories []history, learned []*progress, err error) {
	head := len(historyMagic) + 1
	if len(data) < head+checksumSize || string(data[:len(historyMagic)]) != historyMagic {
		return nil, nil, nil, errDamaged
	}
	if v := data[head-1]; v != historyVersion {
		return nil, nil, nil, fmt.Errorf("backoff: saved history has version %d, not %d", v, historyVersion)
	}
	body, sum := data[:len(data)-checksumSize], data[len(data)-checksumSize:]
	if crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(sum) {
		return nil, nil, nil, errDamaged
	}
	d := decoder{rest: body[head:]}
	for range d.count(3) {
		names = append(names, string(d.bytes(d.count(1))))
		histories = append(histories, d.history())
		learned = append(learned, d.progress())
	}
	if d.bad || len(d.rest) > 0 {
		return nil, nil, nil, errDamaged
	}
	return names, histories, learned, nil
}

// decoder takes values off rest, until it is bad.
type decoder struct {
	rest []byte
	bad  bool
}

// count is a number of things that take at least size bytes each.
func (d *decoder) count(size int) int {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 || v > uint64((len(d.rest)-n)/size) {
		d.bad = true
		return 0
	}
	d.rest = d.rest[n:]
	return int(v)
}

func (d *decoder) bytes(n int) []byte {
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

// pairs is a number of pairs, at most most of them, each of which must be as ok says.
func (d *decoder) pairs(most int, ok func(x, y float32) bool) [][2]float32 {
	n := d.count(8)
	if n > most {
		d.bad = true
		return nil
	}
	all := make([][2]float32, n)
	for i := range all {
		b := d.bytes(8)
		x := math.Float32frombits(binary.LittleEndian.Uint32(b))
		y := math.Float32frombits(binary.LittleEndian.Uint32(b[4:]))
		all[i] = [2]float32{x, y}
		d.bad = d.bad || !ok(x, y)
	}
	return all
}

func (d *decoder) progress() *progress {
	pairs := d.pairs(2*progressBins, func(x, y float32) bool { return x >= 0 && x <= 1e6 && y >= 0 && y <= 1e6 })
	if d.bad = d.bad || len(pairs) != 0 && len(pairs) != 2*progressBins; d.bad || len(pairs) == 0 {
		return nil
	}
	p := &progress{}
	for i := range p {
		n, moments := pairs[2*i][0], pairs[2*i+1]
		d.bad = d.bad || n > maxReports
		p[i] = reports{n, moments[0], moments[1]}
	}
	return p
}

func (d *decoder) history() (h history) {
	for _, p := range d.pairs(maxSpans, func(x, y float32) bool { return span{x, y}.valid() }) {
		h.spans = append(h.spans, span{p[0], p[1]})
	}
	for _, p := range d.pairs(maxScores, func(x, y float32) bool { return x >= -4 && x <= 4 && y >= 0 && y <= 1 }) {
		h.scores = append(h.scores, score{p[0], p[1]})
	}
	return h
}
