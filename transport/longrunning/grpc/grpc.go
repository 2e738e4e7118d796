// Package lrogrpc waits for operations of google.longrunning over gRPC, as AIP-151 describes them.
//
//	ops, err := lrogrpc.New(conn)
//	if err != nil {
//		log.Fatal(err)
//	}
//	w, err := jobstatus.New(ops)
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer w.Close()
//	op, err := speech.LongRunningRecognize(ctx, request) // any call that returns an Operation
//	if err != nil {
//		log.Fatal(err)
//	}
//	first, err := ops.Accept(op)
//	if err != nil {
//		log.Fatal(err)
//	}
//	status, err := w.WaitForJob(ctx, first.ID, jobstatus.From(first))
//
// The id of an operation is its name. An operation that is not done is running. An operation that
// is done is completed if it has no error, canceled if the error's code is CANCELLED, and otherwise
// failed. The response becomes Status.Result, in the JSON of protocol buffers. Some responses
// cannot be encoded so: the type of the response, or of an Any in it, is not linked into the
// program, or more than 8 Anys are nested in one another. The Result is then an object with the URL
// of the type and the bytes in base64.
//
// An error of the gRPC call does not mean that the operation has ended. The class of NOT_FOUND is
// [transport.NotFound]. RESOURCE_EXHAUSTED is throttled. UNAVAILABLE, DEADLINE_EXCEEDED, ABORTED,
// INTERNAL, UNKNOWN and CANCELLED are transient. The other codes are permanent. The delay of a
// RetryInfo is the RetryAfter, unless it is longer than a year.
//
// Three codes of package grpc itself mean something else. An answer that is larger than
// grpc.MaxCallRecvMsgSize, 4 MiB by default, is malformed. A call for which the credentials have no
// token, because for example the server of tokens is down, is transient. A call over a connection
// that the program has closed is misdirected, with the code 421. The wait ends once the patience of
// the Watcher is over, unless the program has replaced the connection by then.
package lrogrpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protopath"
	"google.golang.org/protobuf/reflect/protorange"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/iamber12/job-status-monitoring/internal/redact"
	"github.com/iamber12/job-status-monitoring/internal/web"
	"github.com/iamber12/job-status-monitoring/transport"
)

// Client is a Transport for the operations of one service. It is safe for concurrent use.
type Client struct {
	operations longrunningpb.OperationsClient
}

var (
	_ transport.Transport = (*Client)(nil)
	_ transport.Holder    = (*Client)(nil)
	_ transport.Canceler  = (*Client)(nil)
)

// New returns a Client that uses conn, with its credentials, deadlines and interceptors. The Client
// does not close conn.
func New(conn grpc.ClientConnInterface) (*Client, error) {
	if v := reflect.ValueOf(conn); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, errors.New("lrogrpc: New: the connection is nil")
	}
	return &Client{longrunningpb.NewOperationsClient(conn)}, nil
}

var (
	errNilContext = errors.New("nil context")
	errNotMade    = errors.New("the Client was not made by New")
)

// Accept returns the first Status of an operation. The argument op is the answer to the call that
// started the operation.
func (c *Client) Accept(op *longrunningpb.Operation) (transport.Status, error) {
	id := op.GetName()
	if err := transport.CheckID(id); err != nil {
		return transport.Status{}, permanent(fmt.Errorf("Accept: the name of the operation: %w", err))
	}
	return read(op, id)
}

// Status asks about an operation once.
func (c *Client) Status(ctx context.Context, id string) (transport.Status, error) {
	if err := c.ready(ctx, id); err != nil {
		return transport.Status{}, err
	}
	op, err := c.operations.GetOperation(ctx, &longrunningpb.GetOperationRequest{Name: id})
	if err != nil {
		return transport.Status{}, failure(ctx, "GetOperation", err)
	}
	return read(op, id)
}

// Hold asks the service to keep the request open until the operation is done, at most for d. If the
// service cannot do that, the error matches [errors.ErrUnsupported].
//
// A hold occupies a stream of the connection. If a service allows fewer streams than the holds of
// jobstatus.WithHolds, 64 by default, other calls wait until a hold ends. Then set a smaller
// number.
func (c *Client) Hold(ctx context.Context, id string, _ transport.Status, d time.Duration) (transport.Status, error) {
	if err := c.ready(ctx, id); err != nil {
		return transport.Status{}, err
	}
	op, err := c.operations.WaitOperation(ctx, &longrunningpb.WaitOperationRequest{Name: id, Timeout: durationpb.New(max(d, 0))})
	if err != nil {
		return transport.Status{}, failure(ctx, "WaitOperation", err)
	}
	return read(op, id)
}

// Cancel asks the service to cancel an operation. A nil error means that the service accepted the
// request. If the service cannot cancel, the error matches [errors.ErrUnsupported].
func (c *Client) Cancel(ctx context.Context, id string) error {
	if err := c.ready(ctx, id); err != nil {
		return err
	}
	if _, err := c.operations.CancelOperation(ctx, &longrunningpb.CancelOperationRequest{Name: id}); err != nil {
		return failure(ctx, "CancelOperation", err)
	}
	return nil
}

// ready returns why no call can be made, if so.
func (c *Client) ready(ctx context.Context, id string) error {
	switch err := transport.CheckID(id); {
	case c == nil || c.operations == nil:
		return permanent(errNotMade)
	case ctx == nil:
		return permanent(errNilContext)
	case err != nil:
		return permanent(err)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	default:
		return nil
	}
}

// permanent returns the error of a call that is not to be made.
func permanent(err error) error {
	return &transport.Error{Class: transport.Permanent, Err: fmt.Errorf("lrogrpc: %w", err)}
}

// read returns what an operation says of itself.
func read(op *longrunningpb.Operation, id string) (transport.Status, error) {
	s := transport.Status{ID: id, State: transport.Running}
	failed := op.GetError()
	switch {
	case op.GetName() != id:
		return transport.Status{}, malformed(fmt.Errorf("the answer is about another operation, %.128q", op.GetName()))
	case !op.GetDone():
		return s, nil
	case failed == nil || failed.GetCode() == int32(codes.OK):
		s.State = transport.Completed
	case failed.GetCode() == int32(codes.Canceled):
		s.State = transport.Canceled
	default:
		s.State = transport.Failed
	}
	if s.State != transport.Completed {
		s.Raw, s.Message = codes.Code(failed.GetCode()).String(), failed.GetMessage() //nolint:gosec // codes are small
		return s, nil
	}
	s.Raw = "done"
	if response := op.GetResponse(); response != nil {
		s.Result = asJSON(response)
	}
	return s, nil
}

// malformed returns the error of an answer that cannot be read.
func malformed(err error) error {
	return &transport.Error{Class: transport.Malformed, Err: fmt.Errorf("lrogrpc: %w", err)}
}

// asJSON returns a message as JSON, or as its type and its bytes if it has no JSON.
func asJSON(message *anypb.Any) json.RawMessage {
	if !isDeep(message) {
		if text, err := protojson.Marshal(message); err == nil {
			return text
		}
	}
	text, _ := json.Marshal(struct { // strings and bytes always can be
		Type  string `json:"@type"`
		Value []byte `json:"value"`
	}{message.GetTypeUrl(), message.GetValue()})
	return text
}

// maxNested is the number of Anys that may stand in one another. Each of them is copied with all
// that it holds, so without a limit the memory would grow with the square of the message.
const maxNested = 8

var errDeep = errors.New("too many Anys are nested")

// isDeep reports whether more than maxNested Anys stand in one another.
func isDeep(message *anypb.Any) bool {
	nested := 0
	count := func(by int) func(protopath.Values) error {
		return func(p protopath.Values) error {
			if p.Index(-1).Step.Kind() == protopath.AnyExpandStep {
				nested += by
			}
			if nested > maxNested {
				return errDeep
			}
			return nil
		}
	}
	return protorange.Options{}.Range(message.ProtoReflect(), count(1), count(-1)) != nil
}

// failure returns the error of a call.
func failure(ctx context.Context, method string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	answer := status.Convert(err)
	e := &transport.Error{Class: classOf(answer), Code: int(answer.Code())}
	if e.Class == transport.Misdirected { // the program may be replacing its connection, so the patience decides
		e.Code = http.StatusMisdirectedRequest
	}
	cause := fmt.Sprintf("lrogrpc: %s: %s: %s", method, answer.Code(), redact.Excerpt([]byte(answer.Message())))
	if e.Err = errors.New(cause); answer.Code() == codes.Unimplemented {
		e.Err = fmt.Errorf("%s: %w", cause, errors.ErrUnsupported)
	}
	for _, detail := range answer.Details() {
		retry, ok := detail.(*errdetails.RetryInfo)
		if !ok || !retry.GetRetryDelay().IsValid() {
			continue
		}
		if wait := retry.GetRetryDelay().AsDuration(); wait >= 0 && wait <= web.MaxRetryAfter {
			e.RetryAfter = wait
		}
	}
	return e
}

// Package grpc gives these texts to errors that it makes itself. Their codes would mean a quota, a
// refusal by the service, and a call that was canceled.
const (
	tooLarge = "larger than max"
	noToken  = "per-RPC creds failed"
	closing  = "the client connection is closing"
)

// classOf returns what a watch does about an answer that is an error.
func classOf(answer *status.Status) transport.Class {
	switch code := answer.Code(); code {
	case codes.NotFound:
		return transport.NotFound
	case codes.ResourceExhausted:
		if strings.Contains(answer.Message(), tooLarge) {
			return transport.Malformed
		}
		return transport.Throttled
	case codes.Unauthenticated:
		if strings.Contains(answer.Message(), noToken) {
			return transport.Transient
		}
		return transport.Permanent
	case codes.Canceled:
		if strings.Contains(answer.Message(), closing) {
			return transport.Misdirected
		}
		return transport.Transient
	case codes.Unavailable, codes.DeadlineExceeded, codes.Aborted, codes.Internal, codes.Unknown:
		return transport.Transient
	default:
		return transport.Permanent
	}
}
