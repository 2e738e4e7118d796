package lro

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/iamber12/job-status-monitoring/transport"
)

// Kind says how the answers about an operation are read.
type Kind string

// The kinds.
const (
	Async Kind = "async" // Azure-AsyncOperation
	Op    Kind = "op"    // Operation-Location
	OpVia Kind = "opvia" // Operation-Location, with the result at the Location of the first answer
	Loc   Kind = "loc"   // Location
	Body  Kind = "body"  // the resource itself
)

// Header returns the header of an answer that names the URL to poll next, or "" if there is no such
// header.
func (k Kind) Header() string {
	switch k {
	case Async:
		return "Azure-AsyncOperation"
	case Op, OpVia:
		return "Operation-Location"
	case Loc:
		return "Location"
	default:
		return ""
	}
}

// Ticket is the content of an id.
type Ticket struct {
	Kind  Kind
	Word  string // "" if the operation was running when the id was made; otherwise how it had ended
	Poll  string // the reference of the URL to poll
	Final string // the reference of the result, "" for no reference, or Unusable
}

// The values of Word.
const (
	Succeeded = "Succeeded"
	Failed    = "Failed"
	Canceled  = "Canceled"
)

// Unusable is the reference of a result that must not be fetched.
const Unusable = "!"

// An id is prefix and the base64url of sum and text. Only the first 64 bytes of an id are printed.
// The sum is long and comes first, so that nothing of text is printed.
const (
	family  = "lro"
	version = 1
	prefix  = "lro1."
	sumSize = 45
)

var encoding = base64.RawURLEncoding.Strict()

// sum returns the checksum of a text, or its signature if there is a key.
func sum(text string, key []byte) []byte {
	if key == nil {
		all := sha512.Sum512([]byte(text))
		return all[:sumSize]
	}
	h := hmac.New(sha512.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)[:sumSize]
}

// Encode returns the id of a ticket.
func (t Ticket) Encode(key []byte) (string, error) {
	mark := "u"
	if key != nil {
		mark = "s"
	}
	text := strings.Join([]string{mark, string(t.Kind), t.Word, t.Poll, t.Final}, "\n")
	id := prefix + encoding.EncodeToString(append(sum(text, key), text...))
	return id, transport.CheckID(id)
}

// Decode returns the ticket of an id. The error says what is wrong with the id.
func Decode(id string, key []byte) (t Ticket, err error) {
	if err := transport.CheckID(id); err != nil {
		return t, err
	}
	coded, err := cutPrefix(id)
	if err != nil {
		return t, err
	}
	raw, err := encoding.DecodeString(coded)
	if err != nil || len(raw) <= sumSize || strings.ContainsAny(coded, "\r\n") {
		return t, invalid("it was edited")
	}
	text := string(raw[sumSize:])
	fields := strings.Split(text, "\n")
	switch signed := fields[0] == "s"; {
	case signed && key == nil:
		return t, invalid("it is signed, and the Client has no key (Sign)")
	case !signed && key != nil && hmac.Equal(raw[:sumSize], sum(text, nil)):
		return t, invalid("it is not signed, as those of this Client are (Sign)")
	case !hmac.Equal(raw[:sumSize], sum(text, key)) && key != nil:
		return t, invalid("it was edited, or signed with another key (Sign)")
	case !hmac.Equal(raw[:sumSize], sum(text, key)):
		return t, invalid("it was edited")
	}
	if len(fields) != 5 {
		return t, invalid("it was edited")
	}
	t = Ticket{Kind(fields[1]), fields[2], fields[3], fields[4]}
	if !t.isSound() {
		return Ticket{}, invalid("it was edited")
	}
	return t, nil
}

// cutPrefix returns the text after the prefix of an id of this version.
func cutPrefix(id string) (string, error) {
	if coded, ok := strings.CutPrefix(id, prefix); ok {
		return coded, nil
	}
	number, _, ok := strings.Cut(strings.TrimPrefix(id, family), ".")
	if n, err := strconv.ParseUint(number, 10, 31); ok && err == nil && n > version && strings.HasPrefix(id, family) {
		return "", invalid(fmt.Sprintf("it is too new: version %d, and this package knows version %d", n, version))
	}
	return "", invalid("it is foreign: Send and Accept make the ids of this package, which begin with " + prefix)
}

func invalid(why string) error { return fmt.Errorf("%w: %s", transport.ErrInvalidID, why) }

// isSound reports whether a ticket could have been made by this package.
func (t Ticket) isSound() bool {
	switch t.Kind {
	case Async, Op, OpVia, Loc, Body:
	default:
		return false
	}
	switch t.Word {
	case "":
		return t.Poll != ""
	case Succeeded, Failed, Canceled:
		return t.Poll == ""
	default:
		return false
	}
}

// Open returns the ticket of an id. It returns an error if a request must not go to one of the URLs
// in the id. The error matches [transport.ErrInvalidID] and says what is wrong with the id.
func (r *Reach) Open(id string, key []byte) (Ticket, error) {
	t, err := Decode(id, key)
	if err != nil {
		return t, err
	}
	for _, ref := range []string{t.Poll, t.Final} {
		if ref == "" || ref == Unusable {
			continue
		}
		if _, err := r.Resolve(ref); err != nil {
			return t, fmt.Errorf("%w: the URL in it may not be requested: %w", transport.ErrInvalidID, err)
		}
	}
	return t, nil
}
