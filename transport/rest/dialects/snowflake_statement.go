package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// SnowflakeStatement returns the dialect of statements of Snowflake's SQL API. The tokenType is the
// type of the token, such as KEYPAIR_JWT or OAUTH. With "", Snowflake determines the type.
//
// A poll is GET /api/v2/statements/{id}. The result is the first partition of the rows. The other
// partitions are at ?partition=1 and so on of the same path. A partition may be larger than
// [rest.DefaultMaxBody]: see [rest.WithMaxBody].
//
// The status code is the state of a statement: 202 while it runs, 422 if it failed, and 408 if it
// exceeded its own timeout.
//
// See https://docs.snowflake.com/en/developer-guide/sql-api/reference.
func SnowflakeStatement(tokenType string) Service {
	var header map[string]string
	if tokenType != "" {
		header = map[string]string{"X-Snowflake-Authorization-Token-Type": tokenType}
	}
	return Service{
		Name: "Snowflake statements",
		Doc:  "https://docs.snowflake.com/en/developer-guide/sql-api/reference",
		Dialect: rest.Dialect{
			Header:            header,
			Create:            rest.Call{Path: "/api/v2/statements?async=true"},
			IdempotencyHeader: "-",
			Status:            rest.Call{Path: "/api/v2/statements/{id}"},
			Cancel:            rest.Call{Method: "POST", Path: "/api/v2/statements/{id}/cancel"},
			ID:                "statementHandle",
			State:             "@code, code",
			States: map[string]transport.State{
				"202, *":      transport.Running,
				"200, 090001": transport.Completed,
				"422, +":      transport.Failed,
				"422, 000604": transport.Canceled,
				"408, +":      transport.Failed,
			},
			Message: "message",
			Result:  "data",
			Created: "createdOn",
		},
	}
}
