package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/iamber12/job-status-monitoring/internal/jsonscan"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Fetch returns the result of a job that has completed, by the call that the Dialect's Fetch
// describes. Without one, the error matches [errors.ErrUnsupported]. The caller closes the result,
// and reads it for as long as ctx lasts. See [WithMaxResult] for its size and [AllowOrigin] for
// where it may be.
func (c *Client) Fetch(ctx context.Context, done transport.Status) (io.ReadCloser, error) {
	k, err := c.begin(ctx, nil)
	if err != nil {
		return nil, err
	}
	body, err := k.fetch(ctx, c.place(done.ID), done)
	if err != nil {
		c.end(k)
		return nil, err
	}
	body.close = func() { c.end(k) }
	return body, nil
}

var errNoResult = errors.New("the status has no result that the dialect's Fetch could ask for")

func (k *call) fetch(ctx context.Context, at step, done transport.Status) (*resultBody, error) {
	k.stage = k.stages[at.stage]
	t := k.stage.fetch
	if t == nil {
		return nil, unsupported("Fetch")
	}
	v := &vars{id: at.id, result: jsonscan.Text(done.Result)}
	if t.needs[holeResult] && (v.result == "" || v.result[0] == '{' || v.result[0] == '[') {
		return nil, &transport.Error{Class: transport.Permanent, Err: fmt.Errorf("rest: %w", errNoResult)}
	}
	if err := k.ask(t, v); err != nil {
		return nil, err
	}
	k.repeatable, k.stream, k.read = true, true, (*call).readResult
	if err := k.do(ctx); err != nil {
		return nil, err
	}
	return newResultBody(k.open, k.maxResult), nil
}

// readResult reads the answer to a fetch, whose body is not read unless it is an error.
func (k *call) readResult() error {
	if k.code/100 != 2 || k.open == nil {
		return k.refused()
	}
	return nil
}

// resultBody is a result that the caller reads.
type resultBody struct {
	body  io.ReadCloser
	zip   *web.Unzip
	from  io.Reader
	left  int64
	close func()
}

func newResultBody(answer *http.Response, most int64) *resultBody {
	r := &resultBody{body: answer.Body, from: answer.Body, left: most}
	if web.IsZipped(answer.Header) {
		r.zip = web.NewUnzip(answer.Body, int(min(most, 1<<30)))
		r.from = r.zip
	}
	return r
}

// Read fails once the result is longer than it may be.
func (r *resultBody) Read(p []byte) (int, error) {
	if r.from == nil {
		return 0, http.ErrBodyReadAfterClose
	}
	if r.left < 0 {
		return 0, fmt.Errorf("rest: %w (WithMaxResult)", errTooLarge)
	}
	if int64(len(p)) > r.left+1 {
		p = p[:r.left+1]
	}
	n, err := r.from.Read(p)
	if r.left -= int64(n); r.left < 0 {
		return n - 1, fmt.Errorf("rest: %w (WithMaxResult)", errTooLarge)
	}
	return n, err
}

// Close ends the call. It may be called more than once.
func (r *resultBody) Close() error {
	if r.from == nil {
		return nil
	}
	r.from = nil
	if r.zip != nil {
		r.zip.Release()
	}
	err := r.body.Close()
	r.close()
	return err
}
