package progress

import (
	"io"
	"os"
	"runtime"
	"time"
)

const (
	// refreshes is the time from one frame to the next.
	refreshes = 100 * time.Millisecond
	// totalsEvery is the time from one line of totals to the next.
	totalsEvery = 5 * time.Second
)

// view shows frames. Only one goroutine at a time may call its methods.
type view interface {
	draw(frame) error
	close(frame) error // draws the last frame
}

// show draws the view on a new goroutine, until stop is called.
func (b *Board) show() (stop func()) {
	if b.view == nil {
		return func() {}
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(refreshes)
		defer ticker.Stop()
		for {
			select {
			case now := <-ticker.C:
				if b.view.draw(b.frame(now)) != nil {
					return
				}
			case <-quit:
				_ = b.view.close(b.frame(time.Now()))
				return
			}
		}
	}()
	return func() {
		close(quit)
		<-done
	}
}

// isTerminal reports whether escape sequences can be written to out.
func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	if runtime.GOOS == "windows" && os.Getenv("WT_SESSION") == "" && os.Getenv("TERM") == "" {
		return false // an old console prints escape sequences as text
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
