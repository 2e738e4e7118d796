package rest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestJobsThatGoOnAreRememberedLongerThanThoseThatEnded(t *testing.T) {
	t.Parallel()
	f := followed{on: true}
	f.move("running", step{stage: 1, id: "next"})
	for i := range maxEnded + 3 {
		id := fmt.Sprint(i)
		f.move(id, step{stage: 1, id: "n" + id})
		f.end(id)
		f.end(id)
	}
	f.end("unknown")
	assert.Equal(t, step{stage: 1, id: "next"}, f.where("running"))
	assert.Equal(t, step{id: "2"}, f.where("2"), "the oldest three are forgotten")
	assert.Equal(t, step{stage: 1, id: "n3", ended: true}, f.where("3"))
	assert.Len(t, f.jobs, maxEnded+1)

	f.move("3", step{stage: 2, id: "again"})
	for i := range maxEnded {
		id := fmt.Sprint("later", i)
		f.move(id, step{stage: 1, id: id})
		f.end(id)
	}
	assert.Equal(t, step{stage: 2, id: "again"}, f.where("3"), "it is under way again")
}

// carried answers a request with the body of its path.
type carried map[string]string

func (c carried) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(c[r.URL.Path])), Request: r}, nil
}

func TestAClientNotesTheEndOfAJobThatWentOn(t *testing.T) {
	t.Parallel()
	c, err := New("http://jobs.test", WithDialect(Dialect{Next: "next", AnswerID: "-", Status: Call{Path: "/{id}"}, State: "status"}),
		WithRoundTripper(carried{"/7": `{"status":"pending","next":"b7"}`, "/b7": `{"status":"completed"}`, "/8": `{"status":"completed"}`}))
	require.NoError(t, err)
	for _, id := range []string{"7", "7", "8"} {
		_, err := c.Status(t.Context(), id)
		require.NoError(t, err)
	}
	assert.Equal(t, step{stage: 0, id: "b7", ended: true}, c.followed.where("7"), "a Fetch needs it still")
	assert.Equal(t, []string{"7"}, c.followed.ended, "a job that kept its id is not remembered")
}

func TestRememberedIDsAreBoundedInBytes(t *testing.T) {
	t.Parallel()
	f := followed{on: true}
	long := strings.Repeat("x", 16<<10)
	for i := range 3 * maxFollowedBytes / len(long) {
		f.move(fmt.Sprint(i), step{stage: 1, id: long})
		require.LessOrEqual(t, f.bytes, maxFollowedBytes)
	}
	assert.Greater(t, f.bytes, maxFollowedBytes-2*len(long))
}

func TestWhatIsRememberedAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := followed{on: true}
		ids := rapid.StringN(0, 3, 3)
		for range rapid.IntRange(0, 50).Draw(t, "steps") {
			id := ids.Draw(t, "id")
			if rapid.Bool().Draw(t, "ends") {
				f.end(id)
				continue
			}
			to := step{stage: 1, id: ids.Draw(t, "next")}
			f.move(id, to)
			require.Equal(t, to, f.where(id))
		}
		bytes := 0
		for id, s := range f.jobs {
			bytes += len(id) + len(s.id)
			require.True(t, !s.ended || strings.Contains("|"+strings.Join(f.ended, "|")+"|", "|"+id+"|"))
		}
		require.Equal(t, bytes, f.bytes)
		for to, id := range f.first {
			s := f.jobs[id]
			require.Equal(t, to, step{stage: s.stage, id: s.id})
		}
	})
}
