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
// may hold what a subject cannot.
type digest [16]byte

// place says where the messages of an id are.
type place struct {
	partition int
	digest    digest
}

// placeOf returns the place of an id among so many partitions.
func placeOf(id string, partitions int) place {
	sum := sha256.Sum256([]byte(id))
	return placeAt(sum[:], partitions)
}

// placeAt returns the place of an id that has a hash of 32 bytes.
func placeAt(sum []byte, partitions int) place {
	p := place{partition: int(binary.BigEndian.Uint64(sum[16:24]) % uint64(partitions))}
	copy(p.digest[:], sum[:16])
	return p
}

// subject returns the subject of a kind of message about the id. The wildcard "*" as the suffix's
// word matches all kinds.
func (p place) subject(name, suffix string) string {
	return name + "." + strconv.Itoa(p.partition) + "." + hex.EncodeToString(p.digest[:]) + suffix
}

// all matches all messages about the id. Every conditional write of an id uses this one filter: the
// server compares it as text.
func (p place) all(name string) string { return p.subject(name, ".*") }

// ofPartition matches all messages of a partition.
func ofPartition(name string, partition int) string {
	return name + "." + strconv.Itoa(partition) + ".*.*"
}

// splitSubject returns the place and the suffix of a subject. The error says that it is no subject
// of the fleet's.
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

// readPartition reads the number of a partition. It has one spelling: what is written for the
// partition goes to that subject.
func readPartition(text string) (int, error) {
	p, err := strconv.Atoi(text)
	if err != nil || p < 0 || strconv.Itoa(p) != text {
		return 0, errors.New("the partition is no number")
	}
	return p, nil
}
