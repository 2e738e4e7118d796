package fleet

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The kinds of a message in the stream.
const (
	submittedSuffix = ".s"
	endedSuffix     = ".e"
)

// digest stands for an id in subjects and tables. An id may be longer than a subject can be, and
// may contain characters that a subject cannot.
type digest [16]byte

// place is where the messages about an id are.
type place struct {
	partition int
	digest    digest
}

// placeOf returns the place of an id, for a number of partitions.
func placeOf(id string, partitions int) place {
	sum := sha256.Sum256([]byte(id))
	return placeAt(sum[:], partitions)
}

// placeAt returns the place of an id with this hash of 32 bytes.
func placeAt(sum []byte, partitions int) place {
	p := place{partition: int(binary.BigEndian.Uint64(sum[16:24]) % uint64(partitions))}
	copy(p.digest[:], sum[:16])
	return p
}

// subject returns the subject of a kind of message about the id. The suffix "*" matches all kinds.
func (p place) subject(name, suffix string) string {
	return name + "." + strconv.Itoa(p.partition) + "." + hex.EncodeToString(p.digest[:]) + suffix
}

// all matches all messages about the id. All conditional writes about an id use this one filter,
// because the server compares filters as text.
func (p place) all(name string) string { return p.subject(name, ".*") }

// ofPartition matches all messages of a partition.
func ofPartition(name string, partition int) string {
	return name + "." + strconv.Itoa(partition) + ".*.*"
}

// endsOf matches the ends of the jobs of a partition.
func endsOf(name string, partition int) string {
	return name + "." + strconv.Itoa(partition) + ".*" + endedSuffix
}

// splitSubject returns the place and the suffix of a subject. It returns an error for a subject
// that is not of this fleet.
func splitSubject(subject string) (p place, suffix string, err error) {
	dot := strings.LastIndexByte(subject, '.')
	if strings.Count(subject, ".") != 3 {
		return p, "", fmt.Errorf("subject %q: want four words", subject)
	}
	_, rest, _ := strings.Cut(subject[:dot], ".")
	partition, sum, _ := strings.Cut(rest, ".")
	if p.partition, err = readPartition(partition); err != nil {
		return p, "", fmt.Errorf("subject %q: %w", subject, err)
	}
	if len(sum) != hex.EncodedLen(len(p.digest)) || strings.ToLower(sum) != sum {
		return p, "", fmt.Errorf("subject %q: the third word is no digest", subject)
	}
	if _, err := hex.Decode(p.digest[:], []byte(sum)); err != nil {
		return p, "", fmt.Errorf("subject %q: the third word is no digest", subject)
	}
	return p, subject[dot:], nil
}

// readPartition reads the number of a partition. It accepts only one spelling, because messages for
// the partition are stored under that subject.
func readPartition(text string) (int, error) {
	p, err := strconv.Atoi(text)
	if err != nil || p < 0 || strconv.Itoa(p) != text {
		return 0, errors.New("the partition is no number")
	}
	return p, nil
}
