package lrogrpc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"runtime"
	"testing"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/iamber12/job-status-monitoring/transport"
	lrogrpc "github.com/iamber12/job-status-monitoring/transport/longrunning/grpc"
)

// wire is a connection to a service that answers each call with the same bytes: those of an
// operation, or of the status of an error if that is not empty.
type wire struct{ op, failure []byte }

func (w *wire) Invoke(_ context.Context, _ string, _, reply any, _ ...grpc.CallOption) error {
	if len(w.failure) > 0 {
		var s rpcstatus.Status
		if err := proto.Unmarshal(w.failure, &s); err != nil {
			return status.Error(codes.Internal, "not a status")
		}
		return status.ErrorProto(&s)
	}
	if err := proto.Unmarshal(w.op, reply.(proto.Message)); err != nil {
		return status.Error(codes.Internal, "not an operation")
	}
	return nil
}

func (*wire) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, status.Error(codes.Unimplemented, "no streams")
}

func encoded(t testing.TB, m proto.Message) []byte {
	data, err := proto.Marshal(m)
	require.NoError(t, err)
	return data
}

func within(t testing.TB, m proto.Message) *anypb.Any {
	return &anypb.Any{TypeUrl: "x/" + string(m.ProtoReflect().Descriptor().FullName()), Value: encoded(t, m)}
}

// nested returns an Any that stands in so many others.
func nested(t testing.TB, levels int) *anypb.Any {
	a := packed(t)
	for range levels {
		a = within(t, a)
	}
	return a
}

// The end of an operation does not depend on whether its response has a form in JSON.
func TestAResponseWithoutJSONIsTheResultAsBytes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		response *anypb.Any
		isJSON   bool
	}{
		"8 Anys":             {nested(t, 7), true},
		"9 Anys":             {nested(t, 8), false},
		"an Any of unknown":  {within(t, &anypb.Any{TypeUrl: "x/strange.Thing"}), false},
		"a detail":           {within(t, &rpcstatus.Status{Details: []*anypb.Any{{TypeUrl: "x/strange.Thing"}}}), false},
		"an impossible time": {within(t, &timestamppb.Timestamp{Seconds: math.MaxInt64}), false},
		"not a number":       {within(t, structpb.NewNumberValue(math.NaN())), false},
		"damaged":            {&anypb.Any{TypeUrl: "x/google.protobuf.Any", Value: []byte{1}}, false},
	} {
		k, err := lrogrpc.New(&wire{op: encoded(t, done("7", c.response))})
		require.NoError(t, err)
		got, err := k.Status(t.Context(), "7")
		require.NoError(t, err, name)
		assert.Equal(t, transport.Completed, got.State, name)
		var said struct {
			Type  string `json:"@type"`
			Value any    `json:"value"`
		}
		require.NoError(t, json.Unmarshal(got.Result, &said), name)
		assert.Equal(t, c.response.GetTypeUrl(), said.Type, name)
		text, _ := said.Value.(string)
		assert.Equal(t, c.isJSON, text == "", "%s: %s", name, got.Result)
	}
}

// Fault 20: the Anys that are nested in a response are not all copied.
func TestAResponseOfNestedAnysTakesLittleMemory(t *testing.T) {
	deep := nested(t, 2000)
	k, err := lrogrpc.New(&wire{op: encoded(t, done("7", deep))})
	require.NoError(t, err)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = k.Status(t.Context(), "7")
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(50*len(deep.GetValue())))
}

// Fault 14.
func TestARetryInfoOfMoreThanAYearIsIgnored(t *testing.T) {
	t.Parallel()
	const year = 365 * 24 * time.Hour
	for delay, want := range map[time.Duration]time.Duration{year: year, year + 1: 0, math.MaxInt64: 0, -time.Second: 0} {
		said, err := status.New(codes.ResourceExhausted, "").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(delay)})
		require.NoError(t, err)
		k, err := lrogrpc.New(&wire{failure: encoded(t, said.Proto())})
		require.NoError(t, err)
		_, err = k.Status(t.Context(), "7")
		var e *transport.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, want, e.RetryAfter, delay)
	}
}

// stateOf is a second reading of an operation.
func stateOf(op *longrunningpb.Operation) transport.State {
	code := codes.Code(op.GetError().GetCode()) //nolint:gosec // only compared
	switch {
	case !op.GetDone():
		return transport.Running
	case code == codes.OK:
		return transport.Completed
	case code == codes.Canceled:
		return transport.Canceled
	default:
		return transport.Failed
	}
}

// Fault 17: no answer panics, an end is told as what the operation says, and the result is JSON.
func FuzzAnswers(f *testing.F) {
	strange := &anypb.Any{TypeUrl: "x/strange.Thing", Value: []byte{1}}
	for _, op := range []*longrunningpb.Operation{
		{Name: "7"}, {Name: "7", Result: done("7", packed(f)).Result}, {Name: "8", Done: true}, done("7", nil), done("7", packed(f)), done("7", strange), done("7", nested(f, 9)),
		done("7", within(f, &rpcstatus.Status{Details: []*anypb.Any{strange, packed(f)}})), failed("7", codes.Canceled, "a\nb"), failed("7", codes.OK, ""),
	} {
		f.Add(encoded(f, op), []byte{})
	}
	for _, seconds := range []int64{0, -1, 7, 4e7, math.MaxInt64} {
		retry := within(f, &errdetails.RetryInfo{RetryDelay: &durationpb.Duration{Seconds: seconds}})
		f.Add([]byte{}, encoded(f, &rpcstatus.Status{Code: int32(codes.ResourceExhausted), Message: "token=x\n", Details: []*anypb.Any{strange, retry}}))
	}
	f.Fuzz(func(t *testing.T, data, failure []byte) {
		k, err := lrogrpc.New(&wire{data, failure})
		require.NoError(t, err)
		s, err := k.Status(t.Context(), "7")
		held, again := k.Hold(t.Context(), "7", s, time.Second)
		require.Equal(t, err == nil, again == nil)
		require.Equal(t, s.State, held.State)
		if err != nil {
			var e *transport.Error
			require.ErrorAs(t, err, &e)
			require.Zero(t, s)
			require.True(t, e.RetryAfter >= 0 && e.RetryAfter <= 365*24*time.Hour, e.RetryAfter)
			require.NotContains(t, err.Error(), "\n")
			return
		}
		var op longrunningpb.Operation
		if len(failure) == 0 {
			require.NoError(t, proto.Unmarshal(data, &op))
		}
		require.Equal(t, "7", s.ID)
		require.Equal(t, stateOf(&op), s.State)
		require.Equal(t, s.State == transport.Completed && op.GetResponse() != nil, s.Result != nil)
		require.True(t, s.Result == nil || json.Valid(s.Result), "%s", s.Result)
		if op.GetResponse() != nil && bytes.Contains(s.Result, []byte(`"value"`)) {
			var said struct {
				Type string `json:"@type"`
			}
			require.NoError(t, json.Unmarshal(s.Result, &said))
			require.Equal(t, op.GetResponse().GetTypeUrl(), said.Type)
		}
	})
}
