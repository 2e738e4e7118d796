package fleet

import (
	"bytes"
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/iamber12/job-status-monitoring/backoff/adaptive"
)

const (
	// learnedEvery is the longest time between two saves of a worker. The shortest time is half as
	// long.
	learnedEvery = time.Minute
	// learnedLife is how long the server keeps the state of a worker that no longer exists.
	learnedLife = 7 * 24 * time.Hour
	// learnedMerged is how many of the newest states are merged. learnedKept is how many are kept.
	learnedMerged = 8
	learnedKept   = 16
	// learnedLargest is the maximum size of a state, in bytes.
	learnedLargest = 512 << 10
)

// study shares what the Learner of a worker learns. Each state is stored under its own subject,
// and is removed after the next one is stored. So no message is ever replaced.
type study struct {
	*core
	worker string
	log    *zap.Logger

	saves    int
	saved    []byte // the newest state that was stored
	seq      uint64 // the sequence of saved
	tooLarge bool   // whether it was logged that a state is too large
}

// load merges the states of other workers into the Learner. Call it before the Watcher of the
// Learner begins to watch. It reports false if ctx ended before all states were read.
func (s *study) load(ctx context.Context) (loaded bool) {
	stored, ok := s.stored(ctx)
	if !ok {
		s.log.Warn("what the other workers have learned cannot be read in time", zap.Error(context.Cause(ctx)))
		return false
	}
	states := readable(s.log, stored)
	s.forget(ctx, states)
	own, err := s.learner.MarshalBinary()
	if err != nil {
		s.log.Error("what was learned cannot be saved", zap.Error(err))
		return true
	}
	if len(states) == 0 {
		return true
	}
	var all [][]byte
	for _, m := range slices.Backward(states[max(len(states)-learnedMerged, 0):]) {
		all = append(all, m.data)
	}
	merged, err := adaptive.Merge(append(all, own)...)
	if err == nil {
		err = s.learner.UnmarshalBinary(merged)
	}
	if err != nil {
		s.log.Error("what the other workers have learned cannot be merged", zap.Error(err))
		return true
	}
	s.log.Info("what other workers have learned is merged", zap.Int("states", len(all)))
	return true
}

// stored returns all states, the oldest first. It reports false if ctx ended before all were read.
func (s *study) stored(ctx context.Context) (all []message, ok bool) {
	life, stop := context.WithCancel(ctx)
	defer stop()
	_ = s.follow(life, following{store: learned}, func(m message) { all = append(all, m) }, func() {
		ok = true
		stop()
	})
	return all, ok
}

// readable returns the states that this package can read, the oldest first.
func readable(log *zap.Logger, stored []message) []message {
	return slices.DeleteFunc(slices.Clone(stored), func(m message) bool {
		_, err := adaptive.Merge(m.data)
		if err != nil {
			log.Warn("what a worker has learned cannot be read and is left alone", zap.String("subject", m.subject), zap.Error(err))
		}
		return err != nil
	})
}

// forget removes all states except the newest ones. Otherwise workers that crash soon after they
// start would fill the server's disk.
func (s *study) forget(ctx context.Context, states []message) {
	for _, m := range states[:max(len(states)-learnedKept, 0)] {
		if err := s.engine.remove(ctx, learned, m.seq); err != nil {
			s.log.Debug("an old state is not removed", zap.Error(err))
			return
		}
	}
}

// run saves the state from time to time until ctx ends, and then once more.
func (s *study) run(ctx context.Context) {
	for {
		// A random wait, so that workers that start together do not save together.
		wait := learnedEvery/2 + rand.N(learnedEvery/2) //nolint:gosec // it is no secret
		if !sleep(ctx, wait) {
			break
		}
		s.save(ctx)
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	s.save(late)
}

// save stores the state of the Learner if it has changed.
func (s *study) save(ctx context.Context) {
	data, err := s.learner.MarshalBinary()
	switch {
	case err != nil:
		s.log.Error("what was learned cannot be saved", zap.Error(err))
		return
	case bytes.Equal(data, s.saved):
		return
	case len(data) > min(learnedLargest, s.maxPayload-roomForHeaders):
		if !s.tooLarge {
			s.log.Warn("what was learned is too large to be shared: see adaptive.Kinds", zap.Int("bytes", len(data)))
		}
		s.tooLarge = true
		return
	}
	s.saves++
	subject := s.worker + "." + strconv.Itoa(s.saves)
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	seq, err := s.engine.publish(ctx, outgoing{store: learned, subject: subject, data: data})
	if err != nil {
		s.log.Debug("what was learned is not saved yet", zap.Error(err))
		return
	}
	before := s.seq
	s.saved, s.seq = data, seq
	if before == 0 {
		return
	}
	if err := s.engine.remove(ctx, learned, before); err != nil {
		s.log.Debug("an old state is not removed", zap.Error(err))
	}
}
