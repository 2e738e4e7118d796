package rest

import (
	"cmp"
	"errors"

	"github.com/iamber12/job-status-monitoring/internal/exchange"
)

// settings are the options that New has compiled. They do not change.
type settings struct {
	*exchange.Settings
	stages  []*stage
	reader  *reader // of the first stage
	batch   *batch  // nil if there is no Batch
	follows bool    // whether a job may get another id
	told    bool    // whether any stage reads events
}

// newSettings applies opts over the defaults. The error joins all problems with them.
func newSettings(baseURL string, opts []Option) (*settings, error) {
	c := newConfig()
	exchange.Apply(c, opts)
	d, _ := c.Take(dialectOption).(Dialect)
	if d.MaxBody < 0 || d.MaxBody > largestMaxBody {
		c.Problem("WithDialect: field MaxBody: %d: must be from 1 to %d, or 0 for the default", d.MaxBody, largestMaxBody)
	}
	c.MaxBody = cmp.Or(c.MaxBody, d.MaxBody)
	s := &settings{Settings: c.Settings(baseURL)}
	s.speak(c, d)
	return s, c.Err()
}

// speak sets the fields that depend on the dialect.
func (s *settings) speak(c *config, d Dialect) {
	var err error
	if s.stages, err = newStages(s.Base, s.Origins, d); err != nil {
		problems(c, "", err)
	}
	for _, stage := range s.stages {
		if stage.status != nil && stage.status.Holds() {
			s.MayHold()
		}
		if stage.reader != nil {
			s.follows = s.follows || stage.reader.dialect.Next != ""
		}
		s.AddSecrets(stage.sensitive()...)
	}
	s.reader = s.stages[0].reader
	valid := err == nil
	if valid {
		s.hear(c, &d)
	}
	if d.Batch.isZero() {
		return
	}
	b, err := newBatch(s.Base, s.Origins, d)
	if err != nil {
		problems(c, "Batch: ", err)
		return
	}
	if valid {
		shareStates(b.reader, s.reader)
	}
	s.batch = b
	s.AddSecrets(b.to.Sensitive()...)
}

// problems adds each of the problems that err joins.
func problems(c *config, prefix string, err error) {
	for _, err := range parts(err) {
		c.Problem("WithDialect: %s%w", prefix, err)
	}
}

// parts returns the errors that err joins, or err itself.
func parts(err error) (all []error) {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || errors.Join(joined.Unwrap()...).Error() != err.Error() {
		return []error{err}
	}
	for _, err := range joined.Unwrap() {
		all = append(all, parts(err)...)
	}
	return all
}

// hear sets the readers of the events of each stage. The rest of the dialect must be valid.
func (s *settings) hear(c *config, d *Dialect) {
	prefix, list := "", ""
	for _, stage := range s.stages {
		var err error
		if stage.events, err = newEvents(*d); err != nil {
			problems(c, prefix+"Event: ", err)
		} else if stage.events != nil {
			shareStates(stage.events.reader, stage.reader)
			if s.told && d.Event.List != list {
				c.Problem("WithDialect: %sEvent: field List: %q: must be %q, as for the id before", prefix, d.Event.List, list)
			}
			s.told, list = true, d.Event.List
		}
		d, prefix = d.NextDialect, prefix+"NextDialect: "
	}
}
