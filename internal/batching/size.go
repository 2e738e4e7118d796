// Package batching learns how many jobs a service accepts in one request, and which job makes its
// batches fail. It knows no clock and no lock.
package batching

// firstTrial is the number of full batches in a row after which a larger batch is tried for the
// first time. Each failed trial doubles the number, up to maxTrial.
const (
	firstTrial = 128
	maxTrial   = 4096
)

// maxSpare is how many batches may be refused as too large, while other batches of the same size
// are answered, before the size counts as the reason. It is more than one job can cause by making a
// batch of the largest size fail, and then each half that contains the job. Each firstTrial full
// batches allow one more such refusal.
const maxSpare = 16

// A Size is the largest batch that the service is known to accept. It shrinks when the service
// refuses a batch, and grows back when full batches have been answered for a while. Use [NewSize]
// to make one.
type Size struct {
	most    int // the MaxBatch of the Transport
	now     int
	full    int // full batches that were answered since the last trial
	trial   int // the number of full batches before the next trial
	refused int // batches that were refused since one was answered, not counting parts of a refused batch
	last    int // the size of the newest refused batch
	good    int // the size of the largest batch that was answered since one was too large
	spoiled int // the size of the newest batch that was too large for another reason than its size
	spare   int // batches that may still be refused as too large for another reason
	earned  int // full batches that count towards one more spare
}

// maxRefused is the number of refused batches, without an answered one between them, after which
// jobs are asked about one at a time. The service may have no endpoint for batches.
const maxRefused = 3

// NewSize returns the Size of a Transport that accepts at most most jobs in one request.
func NewSize(most int) Size { return Size{most: most, now: most, trial: firstTrial, spare: maxSpare} }

// Now returns the size of the largest batch to send.
func (s *Size) Now() int { return s.now }

// Most returns the size of the largest batch that the Transport takes.
func (s *Size) Most() int { return s.most }

// Went notes that a request about n jobs was answered, and how many of them the answer named. If
// the answer names less than three quarters of the jobs, it counts as a page of fixed length. That
// length is then the size.
func (s *Size) Went(n, named int) {
	if n > 1 && named > 0 {
		s.refused, s.last = 0, 0
		s.good = max(s.good, n)
	}
	if n > 1 && named > 1 && named < n*3/4 {
		s.shrink(named)
		return
	}
	if n < s.now {
		return
	}
	s.now = n // the batch was sent before the size shrank, and was not too large
	if s.earned++; s.earned >= firstTrial {
		s.earned, s.spare = 0, min(s.spare+1, maxSpare)
	}
	if s.now >= s.most {
		return
	}
	if s.full++; s.full >= s.trial {
		s.full, s.now = 0, min(2*s.now, s.most)
	}
}

// TooLarge notes that the service refused a request about n jobs as too large. It reports whether
// the number of jobs is the likely reason. If a batch of the same size was answered since the last
// refusal, one of the jobs is the likelier reason: its id is long, or the service refuses it with
// that code. The same applies to a part of such a batch.
func (s *Size) TooLarge(n int) bool {
	if n < s.spoiled {
		s.spoiled = n
		return false
	}
	if n <= s.good && s.spare > 0 {
		s.good, s.spoiled = 0, n
		s.spare--
		return false
	}
	s.good, s.spoiled = 0, 0
	s.shrink(Half(n))
	return true
}

// Refused notes that the service refused a request about n jobs for a reason that ends a watch.
// After three refusals without an answered batch between them, jobs are asked about one at a time.
// A batch that is smaller than the one refused before does not count. It is a part of that batch,
// and one job may be the reason for both.
func (s *Size) Refused(n int) {
	if n >= s.last {
		s.refused++
	}
	if s.last = n; s.refused >= maxRefused {
		s.refused, s.last = 0, 0
		s.shrink(1)
	}
}

func (s *Size) shrink(n int) {
	if n >= s.now {
		return
	}
	if s.now < s.most { // a trial failed, or the size is still too large
		s.trial = min(2*s.trial, maxTrial)
	}
	s.now, s.full = n, 0
}

// Half returns the larger half of n, at least 1.
func Half(n int) int { return max((n+1)/2, 1) }

// Sixteenth returns the size of the largest part if n jobs are divided into sixteen parts, at least
// 1.
func Sixteenth(n int) int { return max((n+15)/16, 1) }
