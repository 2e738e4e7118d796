// Package child runs a part of a program as a process of its own, whose memory, time and
// connections are that part's alone.
//
//	func main() {
//		child.Main(map[string]child.Part{"serve": serve})
//		var url string
//		p, err := child.Start("serve", config, &url)
//		…
//		err = p.End(&report)
//	}
package child

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// variable names the part that a process runs, in its environment.
const variable = "JOBSTATUS_BENCH_PART"

// Part is what a child does: it reads its config, and writes what Start and then End read in the
// parent.
type Part func(Parent) error

// Parent is what a child speaks with.
type Parent struct {
	in  *json.Decoder
	out *json.Encoder
}

// Read reads the config.
func (p Parent) Read(config any) error { return p.in.Decode(config) }

// Write sends a value, encoded as JSON.
func (p Parent) Write(v any) error { return p.out.Encode(v) }

// Wait returns once the parent calls End, or is gone.
func (p Parent) Wait() { _ = p.in.Decode(new(json.RawMessage)) }

// Main runs the part that this process was started for, and exits. In any other process it returns.
func Main(parts map[string]Part) {
	name, ok := os.LookupEnv(variable)
	if !ok {
		return
	}
	part, ok := parts[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "child: no part %q\n", name)
		os.Exit(2)
	}
	if err := part(Parent{json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)}); err != nil {
		fmt.Fprintf(os.Stderr, "child: %s: %v\n", name, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Process is a child that runs.
type Process struct {
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *json.Decoder
}

// Start starts this program once more, to run a part, and returns when that has written its first
// value.
func Start(name string, config, first any) (*Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("child: %w", err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), variable+"="+name)
	cmd.Stderr = os.Stderr
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr); err != nil {
		return nil, fmt.Errorf("child: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("child: %w", err)
	}
	p := &Process{name, cmd, in, json.NewDecoder(out)}
	if err := json.NewEncoder(in).Encode(config); err != nil {
		return nil, errors.Join(p.problem(err), p.End(nil))
	}
	if err := p.out.Decode(first); err != nil {
		return nil, errors.Join(p.problem(err), p.End(nil))
	}
	return p, nil
}

// End has the child come to its end and waits for it. Unless last is nil, the child writes one more
// value on its way.
func (p *Process) End(last any) error {
	err := p.in.Close()
	if last != nil {
		err = errors.Join(err, p.out.Decode(last))
	}
	if err = errors.Join(err, p.cmd.Wait()); err != nil {
		return p.problem(err)
	}
	return nil
}

// Run runs a part that writes a single value.
func Run(name string, config, answer any) error {
	p, err := Start(name, config, answer)
	if err != nil {
		return err
	}
	return p.End(nil)
}

func (p *Process) problem(err error) error { return fmt.Errorf("child: %s: %w", p.name, err) }
