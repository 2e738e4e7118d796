package rest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// fault 55: an item of a batch that has a new id of its job is no end of the job. Later batches ask
// about the new id, and a job in the stage of another dialect is asked about alone.
func TestABatchGoesOnUnderANewID(t *testing.T) {
	t.Parallel()
	states := map[string]transport.State{"left": transport.Completed, "runs": transport.Running, "done": transport.Completed}
	build := rest.Dialect{Status: rest.Call{Path: "/builds/{id}"}, State: "state", States: states}
	for name, then := range map[string]*rest.Dialect{"of the same dialect": nil, "of another dialect": &build} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked []string
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				asked = append(asked, r.URL.String())
				var items []string
				for id := range strings.SplitSeq(r.URL.Query().Get("ids"), ",") {
					switch id {
					case "q1", "q2":
						items = append(items, fmt.Sprintf(`{"id":%q,"state":"left","build":"b%s"}`, id, id[1:]))
					case "q4":
						items = append(items, `{"id":"q4","state":"left","build":"bad\u0000id"}`)
					default:
						items = append(items, fmt.Sprintf(`{"id":%q,"state":"runs","build":null}`, id))
					}
				}
				say(200, "["+strings.Join(items, ",")+"]")(w, r)
			}, rest.WithDialect(rest.Dialect{Status: rest.Call{Path: "/items/{id}"}, State: "state", States: states, Next: "build", NextDialect: then, Revision: "id",
				Batch: rest.Batch{Path: "/all?ids={ids}"}}))
			all := []string{"q1", "q2", "q3", "q4"}
			assert.Equal(t, 4, c.Fit(all))
			got, err := c.StatusBatch(t.Context(), all)
			require.NoError(t, err)
			require.Len(t, got, 4)
			for i, a := range got[:3] {
				assert.Equal(t, all[i], a.Status.ID)
				assert.Equal(t, transport.Running, a.Status.State, "the first part has ended, and the job has not")
			}
			assert.Equal(t, []string{"", "", "q3"}, []string{got[0].Status.Revision, got[1].Status.Revision, got[2].Status.Revision})
			require.ErrorIs(t, got[3].Err, transport.ErrMalformed)
			got, err = c.StatusBatch(t.Context(), all[:3])
			require.NoError(t, err)
			if then == nil {
				assert.Len(t, got, 3)
				assert.Equal(t, 3, c.Fit(all[:3]))
				assert.Equal(t, []string{"/all?ids=q1,q2,q3,q4", "/all?ids=b1,b2,q3"}, asked)
				return
			}
			assert.Equal(t, []string{"/all?ids=q1,q2,q3,q4", "/all?ids=q3"}, asked)
			require.Len(t, got, 1)
			assert.Equal(t, "q3", got[0].Status.ID)
			assert.Equal(t, 1, c.Fit([]string{"q1", "q3"}))
			assert.Equal(t, 1, c.Fit([]string{"q3", "q1"}))
			got, err = c.StatusBatch(t.Context(), all[:2])
			require.NoError(t, err)
			assert.Empty(t, got)
			assert.Len(t, asked, 2, "no request is made about nobody")
		})
	}
}
