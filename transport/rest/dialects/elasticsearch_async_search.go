package dialects

import (
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// ElasticsearchAsyncSearch returns the dialect of asynchronous searches of Elasticsearch. The index
// may be several names, separated by commas.
//
// A poll is GET /_async_search/status/{id}. The fetched result is the response of the search. If a
// search ends at once, its response is the result of the create, and there may be no id. A cancel
// deletes the search and its result.
//
// A search of which some shards failed is Failed, and its partial result can still be fetched.
//
// See https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-async-search-status.
func ElasticsearchAsyncSearch(index string) Service {
	return Service{
		Name: "Elasticsearch async searches",
		Doc:  "https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-async-search-status",
		Dialect: rest.Dialect{
			Create:            rest.Call{Path: "/" + segment(index) + "/_async_search"},
			IdempotencyHeader: "-",
			CreateHasState:    true,
			Status:            rest.Call{Path: "/_async_search/status/{id}"},
			Cancel:            rest.Call{Method: "DELETE", Path: "/_async_search/{id}"},
			Fetch:             rest.Call{Path: "/_async_search/{id}"},
			ID:                "id",
			State:             "is_running, is_partial, completion_status",
			States: map[string]transport.State{
				"true, *, *":        transport.Running,
				"false, false, -":   transport.Completed,
				"false, false, 200": transport.Completed,
				"false, *, *":       transport.Failed,
			},
			Error:    "error.reason, error",
			Result:   "response",
			Created:  "start_time_in_millis",
			Finished: "completion_time_in_millis",
		},
	}
}
