package longrunning

import (
	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/lro"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// Names of this package's options within a config.
const (
	queryOption = "longrunning.Query"
	signOption  = "longrunning.Sign"
)

// minKey is the minimum length of a key of Sign, in bytes.
const minKey = 24

// Query sets a query parameter, such as api-version. It is added to every request to the base URL's
// origin whose URL does not have it. Its value never appears in errors or logs. By default none is
// added.
func Query(name, value string) rest.Option {
	return func(c *exchange.Config) {
		if name == "" {
			c.Problem("Query(%.80q, …): the name is empty", name)
			return
		}
		set, _ := c.Take(queryOption).([]lro.Parameter)
		c.Put(queryOption, append(set, lro.Parameter{Name: name, Value: value}))
	}
}

// AllowOrigin allows requests to another origin, such as "https://results.example.com". They carry
// no credential. By default no other origin is allowed. AllowOrigin is the same as
// [rest.AllowOrigin].
func AllowOrigin(origin string) rest.Option { return rest.AllowOrigin(origin) }

// Sign makes the Client sign ids with a key of at least 24 bytes, by HMAC-SHA-512. The Client then
// accepts only ids that were signed with the key. By default, or with a nil key, ids have only a
// checksum, which detects accidental changes.
func Sign(key []byte) rest.Option {
	return func(c *exchange.Config) {
		switch {
		case key == nil:
			c.Take(signOption)
		case len(key) < minKey:
			c.Problem("Sign: a key of %d bytes: must have at least %d", len(key), minKey)
		default:
			c.Put(signOption, append([]byte(nil), key...))
		}
	}
}

// Final says where the result of a completed operation is, like final-state-via in Azure's API
// descriptions. With the zero value, "", the method of the first request decides.
type Final string

// The values of Final. Azure's values azure-async-operation and operation-location mean Operation.
const (
	// Location is the Location of the first answer.
	Location Final = "location"
	// OriginalURI is the URL of the first request.
	OriginalURI Final = "original-uri"
	// Operation is the last answer about the operation.
	Operation Final = "operation"
)
