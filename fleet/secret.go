package fleet

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
)

// keySize is the length of the key of EncryptIDs, in bytes.
const keySize = 32

// secret encrypts the ids in messages and hashes them for subjects. It is safe for concurrent use.
// A nil secret does not change ids.
type secret struct {
	aead cipher.AEAD // AES-256-GCM with a random nonce in front of the text
	hash []byte      // the key of the hash in subjects
	name string      // identifies the key, and reveals nothing else about it
}

// newSecret derives a key for ids, a key for subjects, and a name from a key. None of these three
// reveals anything about the others.
func newSecret(key []byte) (*secret, error) {
	if len(key) != keySize {
		return nil, fmt.Errorf("the key has %d bytes: must have %d", len(key), keySize)
	}
	derive := func(use string) ([]byte, error) {
		return hkdf.Key(sha256.New, key, nil, "github.com/iamber12/job-status-monitoring/fleet "+use, keySize)
	}
	text, err1 := derive("ids")
	hash, err2 := derive("subjects")
	name, err3 := derive("name")
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(text)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &secret{aead: aead, hash: hash, name: hex.EncodeToString(name[:8])}, nil
}

// seal encrypts an id for a message.
func (s *secret) seal(id string) string {
	if s == nil {
		return id
	}
	return base64.RawStdEncoding.EncodeToString(s.aead.Seal(nil, nil, []byte(id), nil))
}

// open decrypts the id in a message. It returns an error if the id was not encrypted with this
// key.
func (s *secret) open(sealed string) (string, error) {
	if s == nil {
		return sealed, nil
	}
	text, err := base64.RawStdEncoding.DecodeString(sealed)
	if err != nil {
		return "", errors.New("its id is not encrypted")
	}
	id, err := s.aead.Open(nil, nil, text, nil)
	if err != nil {
		return "", errors.New("its id was not encrypted with this key")
	}
	return string(id), nil
}

// place returns the place of an id, for a number of partitions.
func (s *secret) place(id string, partitions int) place {
	if s == nil {
		return placeOf(id, partitions)
	}
	h := hmac.New(sha256.New, s.hash)
	h.Write([]byte(id))
	return placeAt(h.Sum(nil), partitions)
}

// fingerprint returns the text that identifies the key in the metadata of the stream. Without a
// key, it returns "".
func (s *secret) fingerprint() string {
	if s == nil {
		return ""
	}
	return s.name
}

// String returns a text without the key, so that no verb of package fmt prints it.
func (s *secret) String() string { return "key of a fleet" }

// GoString returns what String returns.
func (s *secret) GoString() string { return s.String() }
