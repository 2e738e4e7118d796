package transporttest_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/transporttest"
)

// The Transports in this file are copies of those on the pages of docs.

type Builds struct{ db *sql.DB }

func (b Builds) Status(ctx context.Context, id string) (jobstatus.Status, error) {
	if err := transport.CheckID(id); err != nil {
		return jobstatus.Status{}, &transport.Error{Class: transport.Permanent, Err: err}
	}
	var done bool
	err := b.db.QueryRowContext(ctx, `select done from builds where id = $1`, id).Scan(&done)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return jobstatus.Status{}, &transport.Error{Class: transport.NotFound, Err: err}
	case err != nil:
		return jobstatus.Status{}, err // transient, unless it is a *transport.Error that says otherwise
	case done:
		return jobstatus.Status{ID: id, State: jobstatus.Completed}, nil
	default:
		return jobstatus.Status{ID: id, State: jobstatus.Running}, nil
	}
}

type Client struct {
	service interface {
		Done(ctx context.Context, id string) (bool, error)
	}
}

var errJobFailed = errors.New("job failed") // stands for the error of Done that means a failed job

func (c Client) Status(ctx context.Context, id string) (jobstatus.Status, error) {
	done, err := c.service.Done(ctx, id)
	switch {
	case errors.Is(err, errJobFailed):
		return jobstatus.Status{ID: id, State: jobstatus.Failed, Message: err.Error()}, nil
	case err != nil:
		return jobstatus.Status{}, err // transient, unless it is a *transport.Error that says otherwise
	case done:
		return jobstatus.Status{ID: id, State: jobstatus.Completed}, nil
	default:
		return jobstatus.Status{ID: id, State: jobstatus.Running}, nil
	}
}

type Instances struct {
	describe func(ctx context.Context, id string) (state string, err error)
}

func (i Instances) Status(ctx context.Context, id string) (jobstatus.Status, error) {
	state, err := i.describe(ctx, id) // ec2.Client.DescribeInstances
	switch state {
	case "running":
		return jobstatus.Status{ID: id, State: jobstatus.Completed, Raw: state}, err
	case "terminated", "shutting-down":
		return jobstatus.Status{ID: id, State: jobstatus.Failed, Raw: state}, err
	default:
		return jobstatus.Status{ID: id, State: jobstatus.Pending, Raw: state}, err
	}
}

func TestTheTransportsOfThePagesAreTheseOnes(t *testing.T) {
	t.Parallel()
	here, err := os.ReadFile("pages_test.go")
	require.NoError(t, err)
	for page, names := range map[string][]string{"transports.md": {"Builds"}, "coming-from.md": {"Client", "Instances"}} {
		text, err := os.ReadFile("../../docs/" + page)
		require.NoError(t, err)
		for _, name := range names {
			_, code, _ := strings.Cut(string(text), name+") Status(")
			code, _, ok := strings.Cut(code, "\n}\n")
			require.True(t, ok, "%s has no %s", page, name)
			assert.True(t, strings.Contains(string(here), name+") Status("+code+"\n}\n"), "%s of %s differs from the one in this file", name, page)
		}
	}
}

func TestTheTransportsOfThePagesKeepTheRules(t *testing.T) {
	t.Parallel()
	done := builds{"1": false, "2": true}
	db := sql.OpenDB(done)
	t.Cleanup(func() { _ = db.Close() })
	for name, s := range map[string]transporttest.Subject{
		"Builds": {Transport: Builds{db}, Jobs: map[string]transport.State{"1": transport.Running, "2": transport.Completed}},
		"Client": {Transport: Client{done}, Jobs: map[string]transport.State{"1": transport.Running, "2": transport.Completed, "failed": transport.Failed}},
		"Instances": {Transport: Instances{done.describe}, Jobs: map[string]transport.State{
			"pending": transport.Pending, "running": transport.Completed, "terminated": transport.Failed}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.Unknown = "3"
			transporttest.Run(t, func(testing.TB) transporttest.Subject { return s })
		})
	}
}

// builds is the table of a database, and what the other Transports ask. It says of each build
// whether it is done.
type builds map[string]bool

var errNoBuild = &transport.Error{Class: transport.NotFound}

func (b builds) Done(ctx context.Context, id string) (bool, error) {
	done, ok := b[id]
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case id == "failed":
		return false, errJobFailed
	case !ok:
		return false, errNoBuild
	default:
		return done, nil
	}
}

func (b builds) describe(ctx context.Context, id string) (string, error) {
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case id != "pending" && id != "running" && id != "terminated":
		return "", errNoBuild
	default:
		return id, nil
	}
}

func (b builds) Connect(context.Context) (driver.Conn, error) { return conn{builds: b}, nil }
func (b builds) Driver() driver.Driver                        { return nil }

type conn struct {
	driver.Conn
	builds builds
}

func (c conn) Close() error { return nil }

func (c conn) QueryContext(_ context.Context, _ string, args []driver.NamedValue) (driver.Rows, error) {
	if done, ok := c.builds[args[0].Value.(string)]; ok {
		return &rows{done}, nil
	}
	return &rows{}, nil
}

// rows are the values of one column.
type rows []driver.Value

func (r *rows) Columns() []string { return []string{"done"} }
func (r *rows) Close() error      { return nil }

func (r *rows) Next(to []driver.Value) error {
	if len(*r) == 0 {
		return io.EOF
	}
	to[0], *r = (*r)[0], (*r)[1:]
	return nil
}
