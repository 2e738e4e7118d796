package mock

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// Service is a service whose jobs follow scripts. It is an [http.Handler] and safe for concurrent
// use.
type Service struct {
	*world
	registry *registry
	journal  *journal
	handler  *handler
}

// world is what all parts of a Service share: its options, its clock and its lock.
type world struct {
	settings
	clock clock.Clock
	epoch time.Time
	push  *pusher // nil if the service sends no webhooks and no events
	mu    sync.Mutex
}

// settings are the values of the options of a Service.
type settings struct {
	seed       uint64
	etags      bool
	replayed   bool // whether the dialect is a recording, which has all answers
	dialect    dialect
	nextID     func() string
	keep       int // maximum number of calls that are kept; no limit if negative
	keepJobs   int // maximum number of jobs that are kept; no limit if 0
	maxBatch   int // maximum number of jobs in a batch; no limit if 0
	onCall     func(Call)
	script     func(Creation) []Step
	scriptLine string
	faults     []*mishap
}

var errNotMade = errors.New("the service was not made by NewServer, NewTransport or NewService")

// made reports whether a function of this package made s.
func (s *Service) made() bool { return s != nil && s.world != nil }

// NewService returns a Service. The error joins all problems with the options.
func NewService(opts ...Option) (*Service, error) {
	c, err := newConfig(opts)
	return c.Service, err
}

func newConfig(opts []Option) (*config, error) {
	d := &world{clock: clock.New(), settings: settings{
		keep:   -1,
		script: func(Creation) []Step { return []Step{Pending(10 * time.Second), Completed(nil)} },
	}}
	g := &registry{world: d, jobs: map[string]*job{}, keys: map[string]string{}, held: map[*job][]*held{}}
	s := &Service{world: d, registry: g, journal: &journal{world: d, registry: g}, handler: &handler{world: d, registry: g}}
	plain, _ := newFields(rest.Dialect{})
	plain.plain = true
	s.dialect = plain
	s.nextID = func() string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", s.registry.created) }
	c := &config{Service: s}
	for i, opt := range opts {
		if opt == nil {
			c.problem("option %d is nil", i)
			continue
		}
		opt(c)
	}
	c.unheard()
	if c, ok := s.clock.(*Clock); s.clock == nil || ok && c == nil {
		s.clock = clock.New()
	}
	s.epoch = s.clock.Now()
	s.push.begin(s)
	return c, errors.Join(c.problems...)
}

// now returns the age of the service.
func (d *world) now() time.Duration { return d.clock.Since(d.epoch) }
