package fleet

import (
	"context"
	"errors"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"
)

// memory is an engine in memory, for tests in virtual time. Each process of a test has a link of
// its own to it.
type memory struct {
	mu      sync.Mutex
	seq     uint64
	stored  [4][]message // by store
	changed chan struct{}
	open    map[uint64]bool // ends that are with a consumer
	hearers []*hearer
	told    []string // events
}

// hearer is a call of hear.
type hearer struct {
	link      *link
	partition int
	each      func([]byte) bool
}

func newMemory() *memory {
	return &memory{changed: make(chan struct{}), open: map[uint64]bool{}}
}

// link is a process's way to the server. It can be cut.
type link struct {
	*memory
	mu    sync.Mutex
	isCut bool
	mute  bool // publish stores messages, and its answers are lost
	cuts  int
	skew  time.Duration // of the server's clock
}

var _ engine = (*link)(nil)

var errAway = errors.New("the server is away")

func (m *memory) link() *link { return &link{memory: m} }

func (l *link) cut(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.isCut = cut
	l.cuts++
	l.memory.mu.Lock()
	defer l.memory.mu.Unlock()
	l.notifyLocked()
}

func (l *link) loseAnswers(lose bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mute = lose
}

func (l *link) away() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.isCut
}

func (l *link) generation() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cuts
}

func (m *memory) notifyLocked() {
	close(m.changed)
	m.changed = make(chan struct{})
}

// matches reports whether a filter matches a subject, word by word.
func matches(filter, subject string) bool {
	if filter == "" {
		return true
	}
	for {
		f, moreF, okF := strings.Cut(filter, ".")
		s, moreS, okS := strings.Cut(subject, ".")
		if f != "*" && f != s || okF != okS {
			return false
		}
		if !okF {
			return true
		}
		filter, subject = moreF, moreS
	}
}

func (m *memory) lastLocked(s store, filter string) (message, bool) {
	for _, msg := range slices.Backward(m.stored[s]) {
		if matches(filter, msg.subject) {
			return msg, true
		}
	}
	return message{}, false
}

// all returns the messages about jobs.
func (m *memory) all() []message {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.stored[jobs])
}

// unanswered waits as a request does to a server that does not answer.
func unanswered(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	<-ctx.Done()
	return context.Cause(ctx)
}

func (l *link) publish(ctx context.Context, o outgoing) (uint64, error) {
	if l.away() {
		return 0, unanswered(ctx)
	}
	seq, err := l.memory.store(o, l.skew)
	l.mu.Lock()
	mute := l.mute
	l.mu.Unlock()
	if mute {
		return 0, unanswered(ctx)
	}
	return seq, err
}

// store stores a message. It knows no nonces, like a server that was killed meanwhile.
func (m *memory) store(o outgoing, skew time.Duration) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	filter := o.filter
	if filter == "" {
		filter = o.subject
	}
	if last, _ := m.lastLocked(o.store, filter); !o.always && last.seq != o.after {
		return 0, errTaken
	}
	m.seq++
	if o.store != jobs {
		m.stored[o.store] = slices.DeleteFunc(m.stored[o.store], func(msg message) bool { return msg.subject == o.subject })
	}
	msg := message{subject: o.subject, seq: m.seq, at: time.Now().Add(skew), data: o.data}
	if !o.always && o.filter != "" {
		msg.after = o.after
	}
	m.stored[o.store] = append(m.stored[o.store], msg)
	m.notifyLocked()
	return m.seq, nil
}

func (l *link) remove(_ context.Context, s store, seq uint64) error {
	if l.away() {
		return errAway
	}
	l.memory.mu.Lock()
	defer l.memory.mu.Unlock()
	l.stored[s] = slices.DeleteFunc(l.stored[s], func(m message) bool { return m.seq == seq })
	return nil
}

func (l *link) last(_ context.Context, filter string) (message, error) {
	if l.away() {
		return message{}, errAway
	}
	l.memory.mu.Lock()
	defer l.memory.mu.Unlock()
	m, ok := l.lastLocked(jobs, filter)
	if !ok {
		return message{}, errNone
	}
	return m, nil
}

// next returns the first message after a sequence, or what to wait for.
func (m *memory) next(s store, filter string, after uint64) (message, bool, <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	from := sort.Search(len(m.stored[s]), func(i int) bool { return m.stored[s][i].seq > after })
	var first *message
	for _, msg := range m.stored[s][from:] {
		switch {
		case !matches(filter, msg.subject):
		case first != nil:
			first.more = true
			return *first, true, m.changed
		default:
			first = &msg
		}
	}
	if first != nil {
		return *first, true, m.changed
	}
	return message{}, false, m.changed
}

// lose makes the server forget all messages after a sequence, as it does after a power loss.
func (m *memory) lose(after uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for s := range m.stored {
		m.stored[s] = slices.DeleteFunc(m.stored[s], func(msg message) bool { return msg.seq > after })
	}
	m.seq = after
	clear(m.open)
	m.notifyLocked()
}

// lost reports whether the message after which f begins is not as it was.
func (m *memory) lost(f following) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.seq < f.after {
		return true
	}
	i := slices.IndexFunc(m.stored[f.store], func(msg message) bool { return msg.seq == f.after })
	return i >= 0 && !m.stored[f.store][i].at.Equal(f.at)
}

func (l *link) follow(ctx context.Context, f following, each func(message), caughtUp func()) error {
	if !f.at.IsZero() && l.lost(f) {
		return errRolledBack
	}
	caught, after := false, f.after
	for ctx.Err() == nil {
		msg, ok, changed := l.next(f.store, f.filter, after)
		if l.away() {
			return errAway
		}
		if ok {
			after = msg.seq
			each(msg)
			continue
		}
		if !caught {
			caught = true
			caughtUp()
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
	return context.Cause(ctx)
}

func (l *link) tell(ctx context.Context, partition int, event []byte) (bool, error) {
	if l.away() {
		return false, unanswered(ctx)
	}
	l.memory.mu.Lock()
	l.told = append(l.told, string(event))
	hearers := slices.Clone(l.hearers)
	l.memory.mu.Unlock()
	for _, h := range hearers {
		if h.partition == partition && !h.link.away() {
			return h.each(event), nil
		}
	}
	return false, nil
}

func (l *link) hear(ctx context.Context, partition int, each func([]byte) bool) error {
	h := &hearer{l, partition, each}
	l.memory.mu.Lock()
	l.hearers = append(l.hearers, h)
	l.memory.mu.Unlock()
	<-ctx.Done()
	l.memory.mu.Lock()
	defer l.memory.mu.Unlock()
	l.hearers = slices.DeleteFunc(l.hearers, func(other *hearer) bool { return other == h })
	return context.Cause(ctx)
}

func (l *link) online(ctx context.Context, ready func()) error {
	for told := false; ctx.Err() == nil; {
		_, _, changed := l.next(jobs, "none", 0)
		switch {
		case l.away() && told:
			return errAway
		case !l.away() && !told:
			told = true
			ready()
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
	return context.Cause(ctx)
}

func (l *link) backlog(context.Context) (waiting int, acked uint64, err error) {
	if l.away() {
		return 0, 0, errAway
	}
	n := 0
	for _, m := range l.all() {
		if strings.HasSuffix(m.subject, endedSuffix) {
			n++
		}
	}
	return n, 0, nil
}

func (l *link) storage(ctx context.Context) ([]use, error) {
	if l.away() {
		return nil, unanswered(ctx)
	}
	return nil, nil
}

func (l *link) receive(ctx context.Context, each func(delivery)) error {
	before := l.generation()
	stale := func() bool { return l.generation() != before }
	var mine []uint64
	defer func() {
		l.memory.mu.Lock()
		defer l.memory.mu.Unlock()
		for _, seq := range mine {
			delete(l.open, seq)
		}
	}()
	for ctx.Err() == nil {
		if l.away() {
			return errAway
		}
		l.memory.mu.Lock()
		changed := l.changed
		var next *message
		for _, m := range l.stored[jobs] {
			if strings.HasSuffix(m.subject, endedSuffix) && !l.open[m.seq] {
				next = &m
				l.open[m.seq] = true
				mine = append(mine, m.seq)
				break
			}
		}
		l.memory.mu.Unlock()
		if next != nil {
			each(delivery{message: *next, stale: stale, ack: func() error { return nil }, term: func() error { return nil },
				later: func(time.Duration) error { return nil }, handed: func() {}})
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
	return context.Cause(ctx)
}
