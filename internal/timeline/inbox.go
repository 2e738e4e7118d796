package timeline

// An inbox holds the Results that a Consumer has not taken yet.
type inbox struct {
	results []*Result
	update  *Result   // the newest Result that is not final
	left    []*waiter // waiters that gave up when the context ended; take makes their results
}

// put adds a final Result, and drops an update that was not taken.
func (i *inbox) put(r *Result) {
	i.update = nil
	i.results = append(i.results, r)
}

// hasFinal reports whether there is a Result that is not an update.
func (i *inbox) hasFinal() bool { return len(i.results)+len(i.left) > 0 }

// take removes and returns the oldest Result, or the newest update if there is none, or nil.
func (i *inbox) take() (r *Result) {
	switch {
	case len(i.results) > 0:
		r = i.results[0]
		i.results[0] = nil
		if i.results = i.results[1:]; len(i.results) == 0 {
			i.results = nil
		}
	case len(i.left) > 0:
		m := i.left[0]
		i.left = i.left[1:]
		c := m.part.consumer
		r = m.gaveUp(c.over.Cause, c.ended)
		r.Context = c.over.Err
	case i.update != nil:
		r, i.update = i.update, nil
	}
	return r
}
