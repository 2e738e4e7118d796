package fleet

import (
	"strconv"
	"strings"
)

// names returns the names of the streams and subjects of the fleet with this name. See also
// [place.subject].
type names string

// stream returns the name of the stream of a store.
func (n names) stream(s store) string {
	switch s {
	case jobs:
		return string(n)
	case learned:
		return string(n) + "-learned"
	default:
		return "KV_" + n.bucket(s)
	}
}

// bucket returns the name of the key-value bucket of the members or the owners.
func (n names) bucket(s store) string {
	if s == members {
		return string(n) + "-members"
	}
	return string(n) + "-owners"
}

// prefix returns the text with which all subjects of a store begin.
func (n names) prefix(s store) string {
	switch s {
	case jobs:
		return ""
	case learned:
		return n.stream(learned) + "."
	default:
		return "$KV." + n.bucket(s) + "."
	}
}

// all matches all messages about jobs.
func (n names) all() string { return string(n) + ".*.*.*" }

// ends matches the ends of all jobs.
func (n names) ends() string { return string(n) + ".*.*" + endedSuffix }

// events is the subject of the events of a partition. It has three words, so that the stream of the
// jobs does not store it.
func (n names) events(partition int) string { return string(n) + ".relay." + strconv.Itoa(partition) }

// partitionOf returns the partition that fo follows as a whole. It reports false if fo does not
// follow a whole partition.
func (n names) partitionOf(f following) (partition string, ok bool) {
	rest, ours := strings.CutPrefix(f.filter, string(n)+".")
	partition, all := strings.CutSuffix(rest, ".*.*")
	_, err := strconv.Atoi(partition)
	return partition, f.store == jobs && f.after == 0 && ours && all && err == nil
}
