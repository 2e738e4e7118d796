// Package draw returns pseudorandom numbers that can be reproduced. Each number is a function of a
// seed, a key and a count.
package draw

// Key is the hash of a key (FNV-1a). It is computed once for several numbers.
type Key uint64

// Of returns the hash of key.
func Of(key string) Key {
	h := uint64(14695981039346656037)
	for i := range len(key) {
		h = (h ^ uint64(key[i])) * 1099511628211
	}
	return Key(h)
}

// Unit returns a number in [0, 1). It applies the finalizer of SplitMix64 to the key, the seed and
// the attempt.
func (k Key) Unit(seed uint64, attempt int) float64 {
	h := uint64(k) + seed*0x9e3779b97f4a7c15 + uint64(attempt)*0xd1b54a32d192ed03
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	h ^= h >> 31
	return float64(h>>11) / (1 << 53)
}
