package timeline

import (
	"time"

	"github.com/iamber12/job-status-monitoring/backoff"
	"github.com/iamber12/job-status-monitoring/internal/hearing"
	"github.com/iamber12/job-status-monitoring/internal/instant"
	"github.com/iamber12/job-status-monitoring/internal/pace"
	"github.com/iamber12/job-status-monitoring/transport"
)

// lookWithin is a fifth of the time over which the last looks of jobs whose timeout passed before
// they joined are spread.
const lookWithin = 2 * time.Second

// maxAge bounds the age at which a watch begins. A wait that claims to be older begins now, because
// such a time comes from a faulty clock or an unset field.
const maxAge = 10 * 365 * 24 * time.Hour

// A stand is the place in the schedule of the Backoff at which a watch begins: the first poll, or
// the present place of a resumed watch.
type stand struct {
	began  time.Duration
	polled time.Duration // when the last of the polls that count was due; equal to began if none counts
	made   int           // the number of polls that count
	first  time.Duration // the wait before the next poll
	alive  time.Duration // the age at which the job was last polled
	// past is whether the timeout has passed, so that only a last look is left.
	past bool
	// unheard is whether notifications about the job may have been missed.
	unheard bool
}

// stand returns the stand of the watch of job, which joins p now.
func (j *joiner) stand(job *entry, p *part, now time.Duration) (s stand, err error) {
	c := p.consumer
	s.began, s.polled = now, now
	ask := backoff.Poll{Key: job.id, Kind: job.kind}
	if !job.began.IsZero() {
		age := j.steady.Time(now).Sub(job.began)
		s.began = now - max(age, 0)
	}
	if s.began == now {
		if s.first, err = j.schedule.Ask(&ask); err == nil {
			s.first, err = j.spreadFirst(p, job, max(s.first, j.capped(max(c.First, job.last.RetryAfter))))
		}
		return s, err
	}
	ask.RetryAfter, ask.Progress = max(j.capped(job.last.RetryAfter), 0), job.last.Progress
	place, err := j.schedule.Resume(&ask, now-s.began, c.joined)
	if err != nil {
		return s, err
	}
	if begins := instant.Later(s.began, j.capped(c.First)); begins > now { // no poll is allowed yet
		place = pace.Place{Wait: max(place.Wait, begins-s.began)}
	}
	s.made, s.polled = place.Attempt, s.began+place.Last
	s.first, err = j.spreadFirst(p, job, max(instant.Later(s.polled, place.Wait)-now, 0))
	if err != nil {
		return s, err
	}
	s.unheard = now-s.began > hearing.Remembered
	if s.past = instant.Later(s.began, job.timeout) <= now; s.past {
		s.first = min(s.first, pace.CatchUp(lookWithin, j.catchUps.next(now, lookWithin)))
	}
	if job.polledUntil.IsZero() {
		return s, nil
	}
	gap := min(max(j.steady.Time(now).Sub(job.polledUntil), 0), now-s.began)
	s.unheard = s.unheard || gap > 0
	if place.Attempt > 0 && s.polled > now-gap {
		if !s.past {
			s.first = min(s.first, pace.CatchUp(gap, j.catchUps.next(now, gap)))
		}
		place, err = j.schedule.Resume(&ask, now-gap-s.began, c.joined)
	}
	s.alive = place.Last
	return s, err
}

// spreadFirst returns the wait before the first poll of job. The argument first is the wait that
// the Backoff asks for. For the first jobs of a call, the result is first. Further jobs form
// cohorts, which are spread evenly over the interval between polls in the long run. So a bulk makes
// hardly more requests at its beginning than later. If first is not zero, the result is at most
// twice as long.
func (j *joiner) spreadFirst(p *part, job *entry, first time.Duration) (time.Duration, error) {
	c := p.consumer
	if pace.IsSmall(c.joined, j.service.Group()) {
		return first, nil
	}
	if p.interval == 0 {
		interval, err := j.longRun(job.id, job.kind, job.timeout)
		if err != nil {
			return 0, err
		}
		p.interval = interval
	}
	return pace.First(first, p.interval, c.joined, j.service.Group()), nil
}

// longRun returns the interval between the polls of a job in the long run.
func (j *joiner) longRun(id, kind string, timeout time.Duration) (time.Duration, error) {
	return pace.LongRun(timeout, func(attempt int, age, last time.Duration) (time.Duration, error) {
		return j.schedule.Ask(&backoff.Poll{Key: id, Kind: kind, Attempt: attempt, Elapsed: age, Previous: last,
			State: transport.Running.String()})
	})
}
