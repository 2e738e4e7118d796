// Package boundary calls the plugins of the engine: a Transport, a Backoff, a Notifier, an Observer
// and a logger. Whatever a plugin does, its caller goes on.
//
// A panic is recovered and becomes an error. The results of a plugin are examined here too, because
// the methods of an error or a context also belong to the plugin. A plugin that ends its goroutine
// by [runtime.Goexit] cannot be stopped, so a caller on a goroutine of the engine must plan for
// that before the call. No lock is held during a call.
package boundary

import (
	"errors"
	"runtime/debug"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/iamber12/job-status-monitoring/internal/sighting"
	"github.com/iamber12/job-status-monitoring/transport"
)

// ErrGoexit is the panic value that represents the end of a goroutine.
var ErrGoexit = errors.New("runtime.Goexit called")

// Guard recovers panics, and logs the errors that nobody else receives. It is safe for concurrent
// use.
type Guard struct {
	Logger *zap.Logger
	// Panic makes the error of a panic.
	Panic func(value any, stack []byte) error
}

// Do calls f and returns a panic in it as an error that ends a watch.
func (g *Guard) Do(f func()) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = g.Panicked(v)
		}
	}()
	f()
	return nil
}

// Apart is like [Guard.Do], but calls f on another goroutine and waits for it. So f cannot end the
// goroutine of the caller.
func (g *Guard) Apart(f func()) (err error) {
	returned := false
	done := make(chan struct{})
	go func() { // ends before Apart returns
		defer close(done)
		err = g.Do(f)
		returned = true
	}()
	<-done
	if !returned {
		err = g.Panicked(ErrGoexit)
	}
	return err
}

// Panicked returns the error of a panic with the value v, which ends a watch.
func (g *Guard) Panicked(v any) error {
	return &transport.Error{Class: transport.Permanent, Err: g.Panic(v, debug.Stack())}
}

// Broken returns the PollError of the error of a panic.
func Broken(err error) sighting.PollError {
	return sighting.PollError{Err: err, Class: transport.Permanent, Panicked: true}
}

// Log writes a line to the log. The fields are made only if the line is written.
func (g *Guard) Log(level zapcore.Level, message string, fields func() []zap.Field) {
	_ = g.Do(func() { // a panic of the logger cannot be logged
		if e := g.Logger.Check(level, message); e != nil {
			e.Write(fields()...)
		}
	})
}

// Complain writes a line about a plugin at error level.
func (g *Guard) Complain(message string, err error, fields ...zap.Field) {
	g.Log(zap.ErrorLevel, message, func() []zap.Field { return append(fields, zap.Error(err)) })
}
