package adaptive

import (
	"encoding"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

// A saved state is
//
//	"JSBA", one byte of version: 3
//	the number of kinds
//	for each kind, the least recently used first:
//	    length of the name, the name
//	    one byte: 1 if a recent job was very unlikely
//	    the probability that the kind changes, a float64
//	    the number of spans; for each: after, before
//	    32, or 0 if no progress was reported; for each of 16 bins of progress:
//	        the number of reports and 0; mean and variance
//	CRC-32 (IEEE) of all before it, four bytes
//
// Numbers and lengths are unsigned varints, as in encoding/binary. Times are in seconds, as IEEE
// 754 float32. Values of a fixed size are little-endian. The before of a span is +Inf for a job
// that was not seen to end, and equals after if the exact end is known. Options are not saved.
const (
	stateMagic   = "JSBA"
	stateVersion = 3
	checksumSize = 4
)

var (
	_ encoding.BinaryMarshaler   = (*Learner)(nil)
	_ encoding.BinaryUnmarshaler = (*Learner)(nil)
)

// MarshalBinary returns what the Learner has learned, without its options, in at most about 6 KiB
// for each kind. A job that still runs is saved as a job that takes longer than its age.
// MarshalBinary is safe for concurrent use. The error is always nil.
func (a *Learner) MarshalBinary() ([]byte, error) {
	all := a.kinds.byUse()
	a.settle(all)
	b := header(len(all))
	for _, n := range all {
		b = n.encode(b, n.name)
	}
	return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b)), nil
}

// encode appends the saved form of k to b.
func (k *kind) encode(b []byte, name string) []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := &k.record
	s := state{name: name, doubt: r.verdicts.doubt, change: load(&r.change), spans: r.spans, progress: k.progress.Load()}
	return s.encode(b)
}

func (p *progress) encode(b []byte) []byte {
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

// UnmarshalBinary replaces what the Learner has learned with a state that [Learner.MarshalBinary]
// returned. It computes the plans again, which takes up to a millisecond for each kind. If data has
// more kinds than [Kinds] allows, it keeps the most recently used ones. If data is damaged or has
// another version, UnmarshalBinary returns an error that says where, and the Learner does not
// change.
//
// Load a state before the first watch begins: the Learner no longer follows the watches that are
// pending when UnmarshalBinary is called.
func (a *Learner) UnmarshalBinary(data []byte) error {
	states, err := decode(data)
	if err != nil {
		return err
	}
	var all []named
	for _, s := range states[max(0, len(states)-max(a.kinds.limit, 1)):] {
		k := s.kind()
		a.kinds.observed(k)
		all = append(all, named{k, s.name, 0})
	}
	a.settle(all)
	a.kinds.replace(all)
	return nil
}

// state is the saved form of a kind.
type state struct {
	name     string
	doubt    bool
	change   float64
	spans    []span
	progress *progress
}

// kind returns a kind with that state, without a plan.
func (s *state) kind() *kind {
	k := &kind{}
	r := &k.record
	r.history, r.verdicts.doubt = historyOf(s.spans), s.doubt
	store(&r.change, s.change)
	store(&r.crowd.frontier, r.frontier())
	k.progress.Store(s.progress)
	return k
}

// encode appends s.
func (s *state) encode(b []byte) []byte {
	b = append(binary.AppendUvarint(b, uint64(len(s.name))), s.name...)
	doubt := byte(0)
	if s.doubt {
		doubt = 1
	}
	b = binary.LittleEndian.AppendUint64(append(b, doubt), math.Float64bits(s.change))
	known := 0
	for _, x := range s.spans {
		if !x.blank() {
			known++
		}
	}
	b = binary.AppendUvarint(b, uint64(known))
	for _, x := range s.spans {
		if !x.blank() {
			b = appendPair(b, x.after, x.before)
		}
	}
	return s.progress.encode(b)
}

// decode reads a saved state.
func decode(data []byte) ([]state, error) {
	head := len(stateMagic) + 1
	if len(data) < head+checksumSize || string(data[:len(stateMagic)]) != stateMagic {
		return nil, errors.New("adaptive: saved state: does not begin with " + stateMagic)
	}
	if v := data[head-1]; v != stateVersion {
		return nil, fmt.Errorf("adaptive: saved state: version %d, want %d", v, stateVersion)
	}
	body, sum := data[:len(data)-checksumSize], data[len(data)-checksumSize:]
	d := decoder{rest: body[head:], size: len(body)}
	states := d.states()
	if d.err == nil && len(d.rest) > 0 {
		d.fail("%d bytes too many", len(d.rest))
	}
	if d.err == nil && crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(sum) {
		d.fail("the checksum does not match")
	}
	if d.err != nil {
		return nil, d.err
	}
	return states, nil
}

// decoder reads values from rest until there is an error.
type decoder struct {
	rest []byte
	size int    // the size of the whole state
	in   string // the name of what is being read
	err  error
}

// fail records where the first error is.
func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("adaptive: saved state: byte %d%s: %s", d.size-len(d.rest), d.in, fmt.Sprintf(format, args...))
	}
}

// count reads a number of items that take at least size bytes each.
func (d *decoder) count(what string, size, most int) int {
	if d.err != nil {
		return 0
	}
	v, n := binary.Uvarint(d.rest)
	if n <= 0 || v > uint64((len(d.rest)-n)/size) || v > uint64(most) {
		d.fail("the number of %s is damaged", what)
		return 0
	}
	d.rest = d.rest[n:]
	return int(v)
}

// bytes returns the next n bytes, or n zeros if there are fewer.
func (d *decoder) bytes(what string, n int) []byte {
	if len(d.rest) < n {
		d.fail("ends within %s", what)
	}
	if d.err != nil {
		return make([]byte, n)
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) states() (all []state) {
	const least = 12 // minimum size of a kind, in bytes
	seen := map[string]bool{}
	n := d.count("kinds", least, math.MaxInt)
	for i := range n {
		d.in = fmt.Sprintf(": kind %d of %d", i+1, n)
		s := state{name: string(d.bytes("its name", d.count("bytes of its name", 1, math.MaxInt)))}
		d.in = fmt.Sprintf(": kind %q", s.name)
		if seen[s.name] {
			d.fail("is there twice")
		}
		seen[s.name] = true
		switch doubt := d.bytes("its doubt", 1)[0]; doubt {
		case 0, 1:
			s.doubt = doubt == 1
		default:
			d.fail("doubt is %d", doubt)
		}
		s.change = math.Float64frombits(binary.LittleEndian.Uint64(d.bytes("its change", 8)))
		if !(s.change >= 0 && s.change <= changeTop) {
			d.fail("change is %v", s.change)
		}
		d.pairs("span", maxSpans, func(x, y float32) bool {
			s.spans = appendSpan(s.spans, span{x, y})
			return span{x, y}.valid()
		})
		s.progress = d.progress()
		if d.err != nil {
			return nil
		}
		all = append(all, s)
	}
	return all
}

// pairs reads a number of pairs, at most most. The function ok must accept each of them.
func (d *decoder) pairs(what string, most int, ok func(x, y float32) bool) (n int) {
	n = d.count(what+"s", 8, most)
	for i := range n {
		b := d.bytes(what, 8)
		x := math.Float32frombits(binary.LittleEndian.Uint32(b))
		y := math.Float32frombits(binary.LittleEndian.Uint32(b[4:]))
		if !ok(x, y) {
			d.fail("%s %d of %d cannot be: %v, %v", what, i+1, n, x, y)
			return 0
		}
	}
	return n
}

func (d *decoder) progress() *progress {
	var all [2 * progressBins][2]float32
	i := 0
	n := d.pairs("report of progress", len(all), func(x, y float32) bool {
		all[i] = [2]float32{x, y}
		i++
		return x >= 0 && x <= meanTop && y >= 0 && y <= meanTop*meanTop
	})
	if n == 0 {
		return nil
	}
	if n != len(all) {
		d.fail("%d reports of progress, want %d", n, len(all))
		return nil
	}
	p := &progress{}
	for i := range p {
		if all[2*i][0] > maxReports {
			d.fail("too many reports of progress: %v", all[2*i][0])
		}
		p[i] = reported(all[2*i][0], all[2*i+1][0], all[2*i+1][1])
	}
	return p
}
