package dialects_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest/dialects"
)

func TestTheRunOfADispatchIsFound(t *testing.T) {
	t.Parallel()
	r := load(t, "github_workflow_run")
	s := dialects.GitHubWorkflowRun("ada/lace", "ci.yml")
	list := `{"id":11,"status":"completed","conclusion":"failure"}`
	c, service := serve(t, s, func(q *http.Request) answer {
		if q.Method == http.MethodPost {
			list = `{"id":30433642,"status":"queued","conclusion":null},` + list
			return r.Create.Answer
		}
		return answer{Body: json.RawMessage(fmt.Sprintf(`{"total_count":2,"workflow_runs":[%s]}`, list))}
	})
	first, err := c.Start(context.Background(), transport.CreateRequest{Input: map[string]string{"ref": "main"}})
	require.NoError(t, err)
	assert.Equal(t, r.ID, first.ID)
	assert.Equal(t, transport.Pending, first.State)
	same(t, r.Token, r.Create.Find, service.take(t))
	same(t, r.Token, &r.Create.Request, service.take(t))
	same(t, r.Token, r.Create.Find, service.take(t))
}

func TestTheRunOfADispatchIsNamedWhereTheInputAsksForIt(t *testing.T) {
	t.Parallel()
	s := dialects.GitHubWorkflowRun("ada/lace", "ci.yml")
	c, _ := serve(t, s, func(q *http.Request) answer {
		if q.Method == http.MethodPost {
			return answer{Body: json.RawMessage(`{"workflow_run_id":30433642,"html_url":"https://git.service.example/ada/lace/actions/runs/30433642"}`)}
		}
		return answer{Body: json.RawMessage(`{"workflow_runs":[{"id":11},{"id":12}]}`)}
	})
	id, err := c.Create(context.Background(), transport.CreateRequest{Input: map[string]any{"ref": "main", "return_run_details": true}})
	require.NoError(t, err)
	assert.Equal(t, "30433642", id)
}

func TestRunsThatAreNotAmongTheNewestAreLeftToBeAskedAboutAlone(t *testing.T) {
	t.Parallel()
	c, service := serve(t, dialects.GitHubActionsRun("ada/lace"), fixed(answer{
		Header: map[string]string{"Link": `<http://service.invalid/repos/ada/lace/actions/runs?per_page=100&page=2>; rel="next"`},
		Body:   json.RawMessage(`{"workflow_runs":[{"id":7,"status":"in_progress","conclusion":null}]}`),
	}))
	told, err := c.StatusBatch(context.Background(), []string{"5", "7"})
	require.NoError(t, err)
	require.Len(t, told, 1)
	assert.Equal(t, "7", told[0].Status.ID)
	assert.Len(t, service.requests, 1)
}
