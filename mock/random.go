package mock

// random returns a number in (0, 1). It is the same for the same seed, word and n (FNV-1a, with the
// finalizer of SplitMix64).
func random(seed uint64, word string, n uint64) float64 {
	h := uint64(14695981039346656037)
	for i := range len(word) {
		h = (h ^ uint64(word[i])) * 1099511628211
	}
	h += seed*0x9e3779b97f4a7c15 + n*0xbf58476d1ce4e5b9
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	h ^= h >> 31
	return (float64(h>>11) + 0.5) / (1 << 53)
}
