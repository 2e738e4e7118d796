package fleet

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
)

func keyOfBytes(b byte) []byte { return bytes.Repeat([]byte{b}, keySize) }

// signed is an id that holds a signed query.
const signed = "https://ops.example.com/1?sig=canary"

// No message, no subject and no key holds an id or a plain hash of it.
func TestAFleetWithAKeyStoresNoID(t *testing.T) {
	t.Parallel()
	playVirtually(t, 0, func(s *stage) {
		t := s.t
		f := s.fleet(s.memory.link())
		long := "https://ops.example.com/2?sig=canary" + strings.Repeat("x", 12<<10)
		require.NoError(t, f.Submit(t.Context(), Job{ID: signed, Kind: "k"}, Job{ID: long}, Job{ID: "gone"}))
		require.NoError(t, f.Submit(t.Context(), Job{ID: signed}), "it is watched already")
		require.Len(t, s.memory.all(), 3)
		require.NoError(t, f.Forget(t.Context(), "gone"))
		s.member("a")
		st, err := s.fleet(s.memory.link()).Wait(t.Context(), signed)
		require.NoError(t, err)
		assert.Equal(t, signed, st.ID)
		time.Sleep(10 * time.Second)
		check := func(text string) {
			assert.NotContains(t, text, "canary")
			for _, id := range []string{signed, long} {
				d := placeOf(id, 1).digest
				assert.NotContains(t, text, fmt.Sprintf("%x", d[:]))
			}
		}
		for _, m := range s.memory.all() {
			check(m.subject + string(m.data))
		}
		got := collect(t, f, 2)
		assert.Contains(t, got, signed)
		assert.Contains(t, got, long)
		for _, keys := range got {
			for key := range keys {
				check(key)
			}
		}
		_, err = f.Wait(t.Context(), signed)
		require.ErrorIs(t, err, fs.ErrNotExist)
		assert.Empty(t, s.memory.all())
	}, EncryptIDs(keyOfBytes(1)))
}

func TestAKeyHoldsForEventsToo(t *testing.T) {
	t.Parallel()
	playVirtually(t, time.Hour, func(s *stage) {
		t := s.t
		s.replica("a")
		time.Sleep(20 * time.Second)
		require.NoError(t, s.fleet(s.memory.link()).Submit(t.Context(), Job{ID: signed}))
		time.Sleep(10 * time.Minute)
		n := len(s.service.of(signed))
		hook := hookOf(t, s.fleet(s.memory.link()))
		assert.Equal(t, http.StatusAccepted, post(t, hook, hookSecret, transport.Status{ID: signed}))
		time.Sleep(time.Second)
		assert.Len(t, s.service.of(signed), n+1)
		require.Len(t, s.memory.told, 1)
		assert.NotContains(t, s.memory.told[0], "canary")
	}, EncryptIDs(keyOfBytes(1)))
}

func TestAMessageOfAnotherKeyIsPutAside(t *testing.T) {
	t.Parallel()
	playVirtually(t, 0, func(s *stage) {
		t := s.t
		s.submit(3)
		other, err := newSecret(keyOfBytes(2))
		require.NoError(t, err)
		l := s.memory.link()
		for i, id := range []string{"plain", other.seal("other"), "x!", ""} {
			_, err := l.publish(context.Background(), outgoing{subject: place{digest: digest{byte(i)}}.subject("fw", submittedSuffix),
				data: encode(submission{Format: format, ID: id}), always: true})
			require.NoError(t, err)
		}
		a := s.member("a")
		collect(t, s.fleet(s.memory.link()), 3)
		assert.EqualValues(t, 4, a.fleet.Stats().Unreadable)
	}, EncryptIDs(keyOfBytes(1)))
}

func TestAStreamWithAnotherKeyIsRefused(t *testing.T) {
	t.Parallel()
	js := start(t)
	open(t, js, EncryptIDs(keyOfBytes(1)))
	open(t, js, EncryptIDs(keyOfBytes(1)))
	for _, opts := range [][]Option{nil, {EncryptIDs(keyOfBytes(2))}} {
		_, err := Open(t.Context(), js, append(opts, Partitions(8))...)
		require.ErrorContains(t, err, "key of EncryptIDs")
		assert.NotContains(t, err.Error(), fmt.Sprintf("%x", keyOfBytes(1)[:8]))
	}
	open(t, js, Name("plain"))
	_, err := Open(t.Context(), js, Name("plain"), Partitions(8), EncryptIDs(keyOfBytes(1)))
	require.ErrorContains(t, err, "key of EncryptIDs")
}

func TestEncryptIDsRefusesAnotherLengthAndPrintsNoKey(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 16, 31, 33, 64} {
		_, err := newConfig([]Option{EncryptIDs(bytes.Repeat([]byte("K"), n))})
		require.ErrorContains(t, err, fmt.Sprintf("EncryptIDs: the key has %d bytes", n))
		assert.NotContains(t, err.Error(), "KK")
	}
	c, err := newConfig([]Option{EncryptIDs(keyOfBytes(1)), EncryptIDs(nil)})
	require.NoError(t, err)
	assert.Nil(t, c.key)
	k, err := newSecret(keyOfBytes('K'))
	require.NoError(t, err)
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v %s", k, k, k, k), "K")
}

func FuzzSecret(f *testing.F) {
	f.Add("a", "b")
	f.Add(signed, "")
	one, err := newSecret(keyOfBytes(1))
	require.NoError(f, err)
	two, err := newSecret(keyOfBytes(2))
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, id, other string) {
		sealed := one.seal(id)
		got, err := one.open(sealed)
		require.NoError(t, err)
		require.Equal(t, id, got)
		require.NotEqual(t, sealed, one.seal(id), "a nonce is used once")
		_, err = two.open(sealed)
		require.Error(t, err)
		_, err = one.open(other)
		require.Error(t, err)
		require.Equal(t, one.place(id, 64), one.place(id, 64))
		require.NotEqual(t, one.place(id, 64).digest, two.place(id, 64).digest)
		require.Equal(t, id == other, one.place(id, 64) == one.place(other, 64))
	})
}
