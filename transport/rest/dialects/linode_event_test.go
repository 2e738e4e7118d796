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

func TestTheEventOfALinodesActionIsFound(t *testing.T) {
	t.Parallel()
	r := load(t, "linode_event")
	list := `{"id":11}`
	s := dialects.LinodeEvent(5, "reboot")
	c, service := serve(t, s, func(q *http.Request) answer {
		if q.Method == "POST" {
			list = `{"id":90017},` + list
			return r.Create.Answer
		}
		return answer{Body: json.RawMessage(fmt.Sprintf(`{"data":[%s],"page":1}`, list))}
	})
	id, err := c.Create(context.Background(), transport.CreateRequest{})
	require.NoError(t, err)
	assert.Equal(t, r.ID, id)
	same(t, r.Token, r.Create.Find, service.take(t))
	same(t, r.Token, &r.Create.Request, service.take(t))
	same(t, r.Token, r.Create.Find, service.take(t))
}
