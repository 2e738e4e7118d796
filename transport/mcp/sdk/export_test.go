package mcpsdk

// Waiting returns how many calls wait for their answers.
func (t *Tap) Waiting() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.waiting)
}
