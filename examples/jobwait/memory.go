package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
)

// eager is a Learner that polls at once, because the job may have ended before the wait began.
type eager struct{ *adaptive.Learner }

// Next returns no wait before the first poll.
func (e eager) Next(p backoff.Poll) time.Duration {
	if p.Attempt == 0 {
		return 0
	}
	return e.Learner.Next(p)
}

var _ backoff.Follower = eager{}

// memory is a file that stores what was learned about a kind of jobs.
type memory struct {
	file   string
	loaded []byte
}

// newMemory returns the memory of a kind in a folder. The default, an empty folder, is one in the
// user's cache.
func newMemory(folder, kind string) (*memory, error) {
	if folder == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, err
		}
		folder = filepath.Join(cache, "jobwait")
	}
	sum := sha256.Sum256([]byte(kind))
	return &memory{file: filepath.Join(folder, hex.EncodeToString(sum[:8])+".durations")}, nil
}

// load passes the content of the file to a Learner. The file need not exist.
func (m *memory) load(l *adaptive.Learner) error {
	saved, err := os.ReadFile(m.file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	m.loaded = saved
	if err := l.UnmarshalBinary(saved); err != nil {
		return fmt.Errorf("%s: %w", m.file, err)
	}
	return nil
}

// save merges what a Learner knows with what another jobwait has written meanwhile, and writes
// both.
func (m *memory) save(l *adaptive.Learner) error {
	state, err := l.MarshalBinary()
	if err != nil {
		return err
	}
	if now, err := os.ReadFile(m.file); err == nil && !bytes.Equal(now, m.loaded) {
		if both, err := adaptive.Merge(now, state); err == nil {
			state = both
		}
	}
	folder := filepath.Dir(m.file)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(folder, "new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(state)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), m.file)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
