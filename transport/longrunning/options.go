package longrunning

import (
	"github.com/iamber12/job-status-monitoring/internal/exchange"
	"github.com/iamber12/job-status-monitoring/internal/lro"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// The names under which a config keeps the options of this package.
const (
	queryOption = "longrunning.Query"
	signOption  = "longrunning.Sign"
)

// minKey is the length of the shortest key that Sign takes.
const minKey = 24

// Query sets a parameter of the query, such as api-version. Every request to the base URL's origin
// carries it whose URL lacks it. Its value is kept out of errors and logs. The default is none.
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

// AllowOrigin names an origin, such as "https://results.example.com", to which polls may go too,
// without any credential. The default is none. It is [rest.AllowOrigin].
func AllowOrigin(origin string) rest.Option { return rest.AllowOrigin(origin) }

// Sign has ids signed with a key of 24 bytes at least, by HMAC with SHA-512. A Client with a key
// takes only ids that were signed with it. Nil, the default, is no key: ids then have a checksum,
// which finds accidents alone.
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

// Final says where the result of an operation is after its success, as the final-state-via of
// Azure's API descriptions does.
type Final string

// The values of Final. The words of Azure, azure-async-operation and operation-location, mean
// Operation.
const (
	// Location is the Location of the first answer.
	Location Final = "location"
	// OriginalURI is the URL of the first request.
	OriginalURI Final = "original-uri"
	// Operation is the last answer about the operation.
	Operation Final = "operation"
)
