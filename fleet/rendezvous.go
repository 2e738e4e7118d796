package fleet

import (
	"hash/fnv"
	"strconv"
)

// ownerOf returns the member that should own a partition, by rendezvous hashing. It is the member
// whose hash together with the partition is the highest. When a member comes or goes, only its own
// partitions move. It returns "" if there are no members.
func ownerOf(partition int, members []string) string {
	var best string
	var highest uint64
	for _, m := range members {
		if score := score(partition, m); best == "" || score > highest || score == highest && m < best {
			best, highest = m, score
		}
	}
	return best
}

func score(partition int, member string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(member))
	_, _ = h.Write([]byte("/" + strconv.Itoa(partition)))
	// FNV mixes the last bytes too little, so the finalizer of MurmurHash3 follows.
	x := h.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}
