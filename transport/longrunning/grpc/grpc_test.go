package lrogrpc_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
	lrogrpc "github.com/iamber12/job-status-monitoring/transport/longrunning/grpc"
	"github.com/iamber12/job-status-monitoring/transport/transporttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// answer is what the service says: an operation or an error.
type answer struct {
	op  *longrunningpb.Operation
	err error
}

// service answers about each operation with its answers in turn, the last again and again.
type service struct {
	longrunningpb.UnimplementedOperationsServer
	mu       sync.Mutex
	answers  map[string][]answer
	held     time.Duration
	canceled []string
	noCancel bool
}

func (s *service) next(ctx context.Context, name string) (*longrunningpb.Operation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if name == "silent" {
		s.mu.Unlock()
		<-ctx.Done()
		s.mu.Lock()
		return nil, ctx.Err()
	}
	all := s.answers[name]
	if len(all) == 0 {
		return nil, status.Error(codes.NotFound, "no such operation")
	}
	if len(all) > 1 {
		s.answers[name] = all[1:]
	}
	return all[0].op, all[0].err
}

func (s *service) GetOperation(ctx context.Context, r *longrunningpb.GetOperationRequest) (*longrunningpb.Operation, error) {
	return s.next(ctx, r.GetName())
}

func (s *service) WaitOperation(ctx context.Context, r *longrunningpb.WaitOperationRequest) (*longrunningpb.Operation, error) {
	if s.held = r.GetTimeout().AsDuration(); s.held == 0 {
		return nil, status.Error(codes.Unimplemented, "it cannot wait")
	}
	return s.next(ctx, r.GetName())
}

func (s *service) CancelOperation(_ context.Context, r *longrunningpb.CancelOperationRequest) (*emptypb.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.noCancel:
		return nil, status.Error(codes.Unimplemented, "it cannot cancel")
	case s.answers[r.GetName()] == nil:
		return nil, status.Error(codes.NotFound, "no such operation")
	}
	s.canceled = append(s.canceled, r.GetName())
	return &emptypb.Empty{}, nil
}

func client(t testing.TB, s *service, opts ...grpc.DialOption) *lrogrpc.Client {
	l := bufconn.Listen(1 << 16)
	server := grpc.NewServer()
	longrunningpb.RegisterOperationsServer(server, s)
	go func() { _ = server.Serve(l) }()
	conn, err := grpc.NewClient("passthrough:///memory", append(opts, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))...)
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, conn.Close())
		server.Stop()
	})
	c, err := lrogrpc.New(conn)
	require.NoError(t, err)
	return c
}

func packed(t testing.TB) *anypb.Any {
	a, err := anypb.New(wrapperspb.String("good morning"))
	require.NoError(t, err)
	return a
}

func done(name string, response *anypb.Any) *longrunningpb.Operation {
	return &longrunningpb.Operation{Name: name, Done: true, Result: &longrunningpb.Operation_Response{Response: response}}
}

func failed(name string, code codes.Code, message string) *longrunningpb.Operation {
	return &longrunningpb.Operation{Name: name, Done: true, Result: &longrunningpb.Operation_Error{Error: &rpcstatus.Status{Code: int32(code), Message: message}}}
}

// Rules E2 to E5.
func TestAnOperationSaysHowItStands(t *testing.T) {
	t.Parallel()
	strange := &anypb.Any{TypeUrl: "type.googleapis.com/strange.Thing", Value: []byte{1, 2}}
	for name, c := range map[string]struct {
		op   *longrunningpb.Operation
		want transport.Status
	}{
		"running":      {&longrunningpb.Operation{Name: "a/b"}, transport.Status{State: transport.Running}},
		"running yet":  {&longrunningpb.Operation{Name: "a/b", Result: &longrunningpb.Operation_Response{Response: packed(t)}}, transport.Status{State: transport.Running}},
		"done":         {&longrunningpb.Operation{Name: "a/b", Done: true}, transport.Status{State: transport.Completed, Raw: "done"}},
		"with result":  {done("a/b", packed(t)), transport.Status{State: transport.Completed, Raw: "done", Result: []byte(`{"@type":"type.googleapis.com/google.protobuf.StringValue","value":"good morning"}`)}},
		"of a strange": {done("a/b", strange), transport.Status{State: transport.Completed, Raw: "done", Result: []byte(`{"@type":"type.googleapis.com/strange.Thing","value":"AQI="}`)}},
		"canceled":     {failed("a/b", codes.Canceled, "stopped"), transport.Status{State: transport.Canceled, Raw: "Canceled", Message: "stopped"}},
		"failed":       {failed("a/b", codes.Internal, "disk"), transport.Status{State: transport.Failed, Raw: "Internal", Message: "disk"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := client(t, &service{answers: map[string][]answer{"a/b": {{c.op, nil}}}})
			c.want.ID = "a/b"
			for way, ask := range map[string]func() (transport.Status, error){
				"Status": func() (transport.Status, error) { return k.Status(t.Context(), "a/b") },
				"Accept": func() (transport.Status, error) { return k.Accept(c.op) },
				"Hold": func() (transport.Status, error) {
					return k.Hold(t.Context(), "a/b", transport.Status{}, time.Minute)
				},
			} {
				got, err := ask()
				require.NoError(t, err)
				if c.want.Result != nil {
					assert.JSONEq(t, string(c.want.Result), string(got.Result), way)
					got.Result = c.want.Result
				}
				assert.Equal(t, c.want, got, way)
			}
		})
	}
}

// Rule E7: an error of the call is no end of the operation.
func TestAnErrorOfTheCallHasItsClass(t *testing.T) {
	t.Parallel()
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		want := transport.Permanent
		switch code {
		case codes.NotFound:
			want = transport.NotFound
		case codes.ResourceExhausted:
			want = transport.Throttled
		case codes.Unavailable, codes.DeadlineExceeded, codes.Aborted, codes.Internal, codes.Unknown, codes.Canceled:
			want = transport.Transient
		}
		said, err := status.New(code, "password=canary").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(7 * time.Second)})
		require.NoError(t, err)
		_, err = client(t, &service{answers: map[string][]answer{"7": {{nil, said.Err()}}}}).Status(t.Context(), "7")
		var e *transport.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, want, e.Class, code)
		assert.Equal(t, 7*time.Second, e.RetryAfter)
		assert.ErrorContains(t, err, code.String())
		assert.NotContains(t, err.Error(), "canary")
	}
}

// fault 20: an answer that is too large for the connection is no quota, which would hold up all
// other polls until the timeout.
func TestAnAnswerThatIsTooLargeIsMalformed(t *testing.T) {
	t.Parallel()
	response, err := anypb.New(wrapperspb.String(strings.Repeat("x", 5<<20)))
	require.NoError(t, err)
	answers := map[string][]answer{"7": {{done("7", response), nil}}}
	_, err = client(t, &service{answers: answers}).Status(t.Context(), "7")
	require.ErrorIs(t, err, transport.ErrMalformed)
	for _, name := range []string{gzip.Name, "identity"} {
		_, err = client(t, &service{answers: answers}, grpc.WithDefaultCallOptions(grpc.UseCompressor(name))).Hold(t.Context(), "7", transport.Status{}, time.Second)
		require.ErrorIs(t, err, transport.ErrMalformed, name)
	}
	got, err := client(t, &service{answers: answers}, grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(8<<20))).Status(t.Context(), "7")
	require.NoError(t, err)
	assert.Equal(t, transport.Completed, got.State)
}

// tokens are credentials whose source of tokens fails at first.
type tokens struct{ failures atomic.Int32 }

func (k *tokens) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	if k.failures.Add(-1) >= 0 {
		return nil, errors.New("dial tcp: lookup tokens.example.com: no such host")
	}
	return map[string]string{"authorization": "Bearer t"}, nil
}

func (*tokens) RequireTransportSecurity() bool { return false }

// fault 19: while there is no token, nothing is known about the operation.
func TestASourceOfTokensThatFailsEndsNoWait(t *testing.T) {
	t.Parallel()
	k := &tokens{}
	k.failures.Store(3)
	c := client(t, &service{answers: map[string][]answer{"7": {{done("7", nil), nil}}}}, grpc.WithPerRPCCredentials(k))
	_, err := c.Status(t.Context(), "7")
	var e *transport.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, transport.Transient, e.Class, err)
	w, err := jobstatus.New(c, jobstatus.WithBaseDelay(time.Millisecond))
	require.NoError(t, err)
	defer w.Close()
	_, err = w.WaitForJob(t.Context(), "7")
	require.NoError(t, err)
}

// A connection that the program has closed does not open again, so that a wait without a timeout
// ends too.
func TestAConnectionThatIsClosedIsMisdirected(t *testing.T) {
	t.Parallel()
	conn, err := grpc.NewClient("passthrough:///memory", grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	c, err := lrogrpc.New(conn)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	for name, ask := range map[string]func() error{
		"Status": func() error { _, err := c.Status(t.Context(), "7"); return err },
		"Hold":   func() error { _, err := c.Hold(t.Context(), "7", transport.Status{}, time.Minute); return err },
		"Cancel": func() error { return c.Cancel(t.Context(), "7") },
	} {
		var e *transport.Error
		require.ErrorAs(t, ask(), &e, name)
		assert.Equal(t, transport.Misdirected, e.Class, name)
	}
}

// A program may replace a connection and close the old one, and so may a proxy. A call over the old
// one ends no wait, not even the wait for an operation that was never seen.
func TestAConnectionThatIsReplacedEndsNoWait(t *testing.T) {
	t.Parallel()
	old, err := grpc.NewClient("passthrough:///memory", grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	require.NoError(t, old.Close())
	var calls atomic.Int32
	c := client(t, &service{answers: map[string][]answer{"7": {{done("7", nil), nil}}}}, grpc.WithUnaryInterceptor(
		func(ctx context.Context, method string, q, a any, conn *grpc.ClientConn, next grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			if calls.Add(1) <= 2 {
				conn = old
			}
			return next(ctx, method, q, a, conn, opts...)
		}))
	w, err := jobstatus.New(c, jobstatus.WithBaseDelay(time.Millisecond))
	require.NoError(t, err)
	defer w.Close()
	_, err = w.WaitForJob(t.Context(), "7")
	require.NoError(t, err)
	assert.EqualValues(t, 3, calls.Load())
}

func TestAnotherOperationIsMalformed(t *testing.T) {
	t.Parallel()
	_, err := client(t, &service{answers: map[string][]answer{"7": {{done("8", nil), nil}}}}).Status(t.Context(), "7")
	assert.ErrorIs(t, err, transport.ErrMalformed)
}

// Rules E6 and E8.
func TestCancelAndHoldAreTheService(t *testing.T) {
	t.Parallel()
	s := &service{answers: map[string][]answer{"7": {{&longrunningpb.Operation{Name: "7"}, nil}}}}
	c := client(t, s)
	require.NoError(t, c.Cancel(t.Context(), "7"))
	assert.Equal(t, []string{"7"}, s.canceled)
	s.noCancel = true
	assert.ErrorIs(t, c.Cancel(t.Context(), "7"), errors.ErrUnsupported)
	got, err := c.Hold(t.Context(), "7", transport.Status{}, 20*time.Second)
	require.NoError(t, err)
	assert.Equal(t, transport.Running, got.State)
	assert.Equal(t, 20*time.Second, s.held)
	_, err = c.Hold(t.Context(), "7", transport.Status{}, -1)
	assert.ErrorIs(t, err, errors.ErrUnsupported)
}

// Fault 32.
func TestMisuseIsAnError(t *testing.T) {
	t.Parallel()
	_, err := lrogrpc.New(nil)
	require.ErrorContains(t, err, "nil")
	_, err = lrogrpc.New((*grpc.ClientConn)(nil))
	require.ErrorContains(t, err, "nil")
	var none *lrogrpc.Client
	_, err = none.Status(t.Context(), "7")
	require.ErrorContains(t, err, "not made by New")
	c := client(t, &service{})
	//lint:ignore SA1012 a nil context is what is tested
	_, err = c.Status(nil, "7")
	require.ErrorContains(t, err, "nil context")
	_, err = c.Status(t.Context(), "")
	require.ErrorIs(t, err, transport.ErrInvalidID)
	_, err = c.Accept(nil)
	require.ErrorIs(t, err, transport.ErrInvalidID)
	gone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	_, err = c.Status(ctx, "7")
	require.ErrorIs(t, err, gone)
}

func TestATransportThatAWatcherReliesOn(t *testing.T) {
	t.Parallel()
	transporttest.Run(t, func(t testing.TB) transporttest.Subject {
		return transporttest.Subject{
			Transport: client(t, &service{answers: map[string][]answer{
				"operations/1": {{&longrunningpb.Operation{Name: "operations/1"}, nil}}, "operations/2": {{done("operations/2", packed(t)), nil}},
			}}),
			Jobs:    map[string]transport.State{"operations/1": transport.Running, "operations/2": transport.Completed},
			Unknown: "operations/3",
			Silent:  "silent",
		}
	})
}

func TestAWatcherWaitsForAnOperation(t *testing.T) {
	t.Parallel()
	first := &longrunningpb.Operation{Name: "operations/7"}
	c := client(t, &service{answers: map[string][]answer{"operations/7": {
		{first, nil}, {nil, status.Error(codes.Unavailable, "later")}, {done("operations/7", packed(t)), nil},
	}}})
	w, err := jobstatus.New(c, jobstatus.WithBaseDelay(time.Millisecond))
	require.NoError(t, err)
	defer w.Close()
	begun, err := c.Accept(first)
	require.NoError(t, err)
	end, err := w.WaitForJob(t.Context(), begun.ID, jobstatus.From(begun))
	require.NoError(t, err)
	assert.Equal(t, transport.Completed, end.State)
	assert.Contains(t, string(end.Result), "good morning")
}
