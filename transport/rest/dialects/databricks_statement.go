package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// DatabricksStatement returns the dialect of SQL statements of Databricks. The base URL is the
// workspace's.
//
// A poll is GET /api/2.0/sql/statements/{id}. The result is the first chunk of the rows. If the
// input of a create has a wait_timeout, the answer to the create may already have the result.
//
// A statement that is CLOSED is Completed, but its rows are no longer available.
//
// See https://docs.databricks.com/api/workspace/statementexecution/getstatement.
func DatabricksStatement() Service {
	return Service{
		Name: "Databricks SQL statements",
		Doc:  "https://docs.databricks.com/api/workspace/statementexecution/getstatement",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/api/2.0/sql/statements"},
			IdempotencyHeader: "-",
			CreateHasState:    true,
			Status:            rest.Call{Path: "/api/2.0/sql/statements/{id}"},
			Cancel:            rest.Call{Method: "POST", Path: "/api/2.0/sql/statements/{id}/cancel"},
			ID:                "statement_id",
			State:             "status.state",
			States: map[string]transport.State{
				"PENDING":   transport.Pending,
				"RUNNING":   transport.Running,
				"SUCCEEDED": transport.Completed,
				"CLOSED":    transport.Completed,
				"FAILED":    transport.Failed,
				"CANCELED":  transport.Canceled,
			},
			Error:   "status.error.message, status.error.error_code",
			Result:  "result",
			MaxBody: 32 << 20, // 25 MiB of rows
		},
	}
}
