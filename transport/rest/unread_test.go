package rest_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	jobstatus "github.com/iamber12/job-status-monitoring"
	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
)

// atFile is the dialect of a service that answers 202 until the job is done, and then with the file
// that it has made.
var atFile = rest.Dialect{
	Create: rest.Call{Path: "/files"}, Status: rest.Call{Path: "/files/{id}"}, Fetch: rest.Call{Path: "/files/{id}"}, ID: "@header.X-Job",
	State:  "@code",
	States: map[string]transport.State{"202": transport.Running, "200": transport.Completed, "410": transport.Failed},
}

// fileSize exceeds the limit of an answer.
const fileSize = 3 << 20

// fileService answers each request with a code, headers and a body, and counts the bytes.
type fileService struct {
	code   int
	header http.Header
	write  func(w io.Writer) error
	sent   atomic.Int64
}

func (s *fileService) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	for name, values := range s.header {
		w.Header()[name] = values
	}
	w.WriteHeader(s.code)
	_ = s.write(io.MultiWriter(w, writerFunc(func(p []byte) (int, error) {
		s.sent.Add(int64(len(p)))
		return len(p), nil
	})))
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// content writes a text repeatedly.
func content(text string, size int) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, strings.Repeat(text, size/len(text)))
		return err
	}
}

// fault 20
func TestTheFormOfABodyThatNoPlaceReadsDoesNotMatter(t *testing.T) {
	t.Parallel()
	plain := content("\x00\x01\xff", fileSize)
	for name, row := range map[string]struct {
		header http.Header
		write  func(io.Writer) error
		want   transport.State
		class  transport.Class // of the error, if want is Unknown
	}{
		"small":        {http.Header{"Content-Type": {"application/pdf"}}, content("%PDF", 400), transport.Completed, 0},
		"large":        {http.Header{"Content-Type": {"video/mp4"}}, plain, transport.Completed, 0},
		"of no type":   {http.Header{"Content-Type": nil}, plain, transport.Completed, 0},
		"long":         {http.Header{"Content-Length": {fmt.Sprint(fileSize)}}, content("x", fileSize), transport.Completed, 0},
		"JSON":         {http.Header{"Content-Type": {"application/json"}}, content(`{"status":"failed"}`, fileSize), transport.Completed, 0},
		"XML":          {http.Header{"Content-Type": {"application/xml"}}, content(`<a/>`, fileSize), transport.Completed, 0},
		"an image":     {http.Header{"Content-Type": {"image/svg+xml"}}, content(`<svg/>`, 60), transport.Completed, 0},
		"zipped":       {http.Header{"Content-Type": {"text/csv"}, "Content-Encoding": {"gzip"}}, content(zipped(strings.Repeat("a,b\n", fileSize/4)), 3000), transport.Completed, 0},
		"badly zipped": {http.Header{"Content-Encoding": {"gzip"}}, content("\x1f\x8b\x08\x00broken", 1300), transport.Completed, 0},
		"in Brotli":    {http.Header{"Content-Encoding": {"br"}}, plain, transport.Completed, 0},
		"cut off":      {http.Header{"Content-Length": {"900"}}, content("x", 800), transport.Completed, 0},
		"a page":       {http.Header{"Content-Type": {"text/html"}}, content("<p>", fileSize), transport.Unknown, transport.Transient},
		"a JSON page":  {http.Header{"Content-Type": {"application/json"}}, content("<p>", 30), transport.Unknown, transport.Transient},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, (&fileService{code: 200, header: row.header, write: row.write}).ServeHTTP, oneAttempt, rest.WithDialect(atFile))
			s, err := c.Status(t.Context(), "7")
			if row.want == transport.Unknown {
				assert.Equal(t, row.class, classOf(t, err))
				return
			}
			require.NoError(t, err)
			assert.Equal(t, transport.Status{ID: "7", State: row.want, Raw: "200"}, s)
		})
	}
}

// A result may be a page. A rule that names its content type allows that.
func TestAPageIsAResultIfARuleNamesItsType(t *testing.T) {
	t.Parallel()
	d := atFile
	d.State = "@code, @header.Content-Type"
	d.States = map[string]transport.State{"202, *": transport.Running, "200, text/html*": transport.Completed, "200, *": transport.Failed}
	for typ, want := range map[string]transport.State{"text/html; charset=utf-8": transport.Completed, "text/csv": transport.Failed} {
		f := &fileService{code: 200, header: http.Header{"Content-Type": {typ}}, write: content("<p>", fileSize)}
		s, err := serve(t, f.ServeHTTP, rest.WithDialect(d)).Status(t.Context(), "7")
		require.NoError(t, err)
		assert.Equal(t, want, s.State)
	}
}

// fault 20
func TestABodyThatNoPlaceReadsIsNotDownloaded(t *testing.T) {
	t.Parallel()
	const huge = 256 << 20
	f := &fileService{code: 200, write: func(w io.Writer) error {
		part := make([]byte, 1<<16)
		for range huge / len(part) {
			if _, err := w.Write(part); err != nil {
				return err
			}
		}
		return nil
	}}
	done := make(chan struct{}, 2)
	h := func(w http.ResponseWriter, r *http.Request) {
		f.ServeHTTP(w, r)
		done <- struct{}{}
	}
	for _, length := range []string{"", fmt.Sprint(huge)} {
		f.header = http.Header{}
		if length != "" {
			f.header.Set("Content-Length", length)
		}
		f.sent.Store(0)
		s, err := serve(t, h, rest.WithDialect(atFile), rest.WithMaxBody(huge)).Status(t.Context(), "7")
		require.NoError(t, err)
		assert.Equal(t, transport.Completed, s.State)
		<-done
		assert.Less(t, f.sent.Load(), int64(huge/4), "the rest is in the buffers of the connection")
	}
}

func TestTheConnectionOfASmallBodyThatNoPlaceReadsIsUsedAgain(t *testing.T) {
	t.Parallel()
	var opened atomic.Int64
	srv := httptest.NewUnstartedServer(&fileService{code: 202, write: content(`{"detail":"not yet"}`, 2000)})
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	srv.Start()
	t.Cleanup(srv.Close)
	c := client(t, srv.URL, rest.WithDialect(atFile))
	for range 5 {
		s, err := c.Status(t.Context(), "7")
		require.NoError(t, err)
		assert.Equal(t, transport.Running, s.State)
	}
	assert.EqualValues(t, 1, opened.Load())
}

// Many services add details while the job runs. A file that is not JSON has none of them.
func TestPlacesOfAnotherAnswerDoNotKeepAFileFromBeingTheEnd(t *testing.T) {
	t.Parallel()
	d := atFile
	d.Progress, d.Error, d.Message = "progress", "errors[0]", "detail"
	f := &fileService{code: 202, write: content(`{"progress":0.5,"detail":"busy"}`, 32)}
	c := serve(t, f.ServeHTTP, rest.WithDialect(d))
	s, err := c.Status(t.Context(), "7")
	require.NoError(t, err)
	assert.Equal(t, transport.Status{ID: "7", State: transport.Running, Raw: "202", Progress: 0.5, Message: "busy"}, s)
	f.code, f.write = 200, content("\x00\x00\x00\x18ftyp", fileSize)
	s, err = c.Status(t.Context(), "7")
	require.NoError(t, err)
	assert.Equal(t, transport.Status{ID: "7", State: transport.Completed, Raw: "200"}, s)
	for _, text := range []string{`{"rows":[1,2,3]}`, `[1]`, `<rows/>`} {
		f.header, f.write = http.Header{"Content-Type": {"application/octet-stream"}}, content(text, fileSize)
		_, err = c.Status(t.Context(), "7")
		assert.ErrorIs(t, err, transport.ErrMalformed, "an error may stand behind what was read")
		assert.ErrorContains(t, err, "WithMaxBody")
	}
	f.code, f.write = 410, content(`{"errors":["no such voice"]}`, 28)
	s, err = c.Status(t.Context(), "7")
	require.NoError(t, err)
	assert.Equal(t, transport.Status{ID: "7", State: transport.Failed, Raw: "410", Message: "no such voice"}, s)
}

func TestTheIDOfACreateMayComeWithAFile(t *testing.T) {
	t.Parallel()
	f := &fileService{code: 200, header: http.Header{"X-Job": {"7"}}, write: content("\x00\x01", fileSize)}
	c := serve(t, f.ServeHTTP, rest.WithDialect(atFile))
	id, err := c.Create(t.Context(), transport.CreateRequest{})
	require.NoError(t, err)
	assert.Equal(t, "7", id)
	d := atFile
	d.CreateHasState = true
	first, err := serve(t, f.ServeHTTP, rest.WithDialect(d)).Start(t.Context(), transport.CreateRequest{})
	require.NoError(t, err)
	assert.Equal(t, transport.Status{ID: "7", State: transport.Completed, Raw: "200"}, first)
	d.ID = "id"
	_, err = serve(t, f.ServeHTTP, rest.WithDialect(d)).Start(t.Context(), transport.CreateRequest{})
	assert.ErrorIs(t, err, transport.ErrMalformed)
}

// The file is at the URL that is polled.
func TestResultStreamsTheFileThatThePollsWaitedFor(t *testing.T) {
	t.Parallel()
	f := &fileService{code: 202, write: content("wait", 4)}
	polls := 0
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if polls++; polls > 2 {
			f.code, f.write = 200, content("line\n", fileSize)
		}
		f.ServeHTTP(w, r)
	}, rest.WithDialect(atFile))
	w, err := jobstatus.New(c, jobstatus.WithBaseDelay(1))
	require.NoError(t, err)
	defer w.Close()
	done, err := w.WaitForJob(t.Context(), "7")
	require.NoError(t, err)
	body, err := w.Result(t.Context(), done)
	require.NoError(t, err)
	defer body.Close()
	n, err := io.Copy(io.Discard, body)
	require.NoError(t, err)
	assert.EqualValues(t, fileSize/5*5, n)
}

func TestADialectThatReadsNoStateFromTheBodyReadsNothingOfItByDefault(t *testing.T) {
	t.Parallel()
	d := atFile.WithDefaults()
	assert.Equal(t, [4]string{"-", "-", "-", "-"}, [4]string{d.Progress, d.Message, d.Error, d.Result})
	d = rest.Dialect{State: "@code, s"}.WithDefaults()
	assert.Equal(t, [4]string{"payload.progress", "payload.message", "payload.error", "payload.result"}, [4]string{d.Progress, d.Message, d.Error, d.Result})
}
