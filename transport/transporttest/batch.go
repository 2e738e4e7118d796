package transporttest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/iamber12/job-status-monitoring/transport"
)

// fitting returns the ids of some jobs that one request can ask about, or nil if the Transport is
// no Batcher.
func (s Subject) fitting() ([]string, error) {
	b, ok := s.Transport.(transport.Batcher)
	if !ok || b.MaxBatch() < 2 {
		return nil, nil
	}
	ids := s.ids()
	if f, ok := s.Transport.(transport.Fitter); ok {
		if n := f.Fit(nil); n != 0 {
			return nil, fmt.Errorf("the method Fit of no ids is %d", n)
		}
		n := f.Fit(ids)
		if n < 1 || n > len(ids) {
			return nil, fmt.Errorf("the method Fit of %d ids is %d", len(ids), n)
		}
		ids = ids[:n]
	}
	return ids[:min(len(ids), b.MaxBatch())], nil
}

// batch asks about some jobs, within patience.
func (s Subject) batch(ctx context.Context, ids []string) ([]transport.Answer, error) {
	what := fmt.Sprintf("StatusBatch(%q)", ids)
	answers, err := within(patience, what, func() ([]transport.Answer, error) {
		return s.Transport.(transport.Batcher).StatusBatch(ctx, slices.Clone(ids))
	})
	if err != nil && !errors.Is(err, errSlow) {
		err = fmt.Errorf("%s: %w", what, err)
	}
	return answers, err
}

func batchesAlike(s Subject) error {
	ids, err := s.fitting()
	if err != nil || ids == nil {
		return err
	}
	answers, err := s.batch(context.Background(), ids)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, a := range answers {
		id := a.Status.ID
		switch {
		case !slices.Contains(ids, id):
			return fmt.Errorf("StatusBatch answers about %q, which was not asked about", id)
		case seen[id]:
			return fmt.Errorf("StatusBatch answers about %q twice", id)
		case a.Err != nil:
			return fmt.Errorf("StatusBatch says of %q: %w", id, a.Err)
		case a.Status.State != s.Jobs[id]:
			return fmt.Errorf("StatusBatch says that %q is %v, not %v", id, a.Status.State, s.Jobs[id])
		case odd(a.Status) != "":
			return fmt.Errorf("in the answer of StatusBatch, %q %s", id, odd(a.Status))
		}
		seen[id] = true
	}
	for _, id := range ids {
		if !seen[id] {
			return fmt.Errorf("StatusBatch does not answer about %q", id)
		}
	}
	return nil
}

func batchesNoUnknown(s Subject) error {
	ids, err := s.fitting()
	if err != nil || ids == nil || s.Unknown == "" {
		return err
	}
	answers, err := s.batch(context.Background(), []string{ids[0], s.Unknown})
	if errors.Is(err, errSlow) {
		return err
	}
	for _, a := range answers {
		switch {
		case a.Status.ID != s.Unknown:
		case a.Err == nil:
			return fmt.Errorf("StatusBatch says that %q is %v, and there is no such job", s.Unknown, a.Status.State)
		case !errors.Is(a.Err, transport.ErrNotFound):
			return fmt.Errorf("StatusBatch says of %q what does not match transport.ErrNotFound: %w", s.Unknown, a.Err)
		}
	}
	return nil
}

// batchesNothing returns an error if a batch is answered although ctx has ended.
func (s Subject) batchesNothing(ctx context.Context) error {
	ids, err := s.fitting()
	if err != nil || ids == nil {
		return nil // another rule says so
	}
	answers, err := s.batch(ctx, ids)
	if errors.Is(err, errSlow) {
		return err
	}
	for _, a := range answers {
		if err == nil && a.Err == nil {
			return fmt.Errorf("StatusBatch says that %q is %v, though its context had ended", a.Status.ID, a.Status.State)
		}
	}
	return nil
}
