package rest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/rest/resttest"
)

// oneWord is the dialect of a service that answers with one word, such as a UWS service.
var oneWord = rest.Dialect{
	Create: rest.Call{Path: "/run"}, Status: rest.Call{Path: "/{id}/phase"}, ID: "@text", State: "@text",
	States: map[string]transport.State{
		"QUEUED": transport.Pending, "EXECUTING": transport.Running, "COMPLETED": transport.Completed, "ERROR": transport.Failed, "NOT_FOUND": transport.Failed,
	},
	Fault: "@text", Faults: map[string]transport.Class{"NOT_FOUND": transport.NotFound},
}

func TestAWordThatIsNoJSONIsRead(t *testing.T) {
	t.Parallel()
	text := http.Header{"Content-Type": {"text/plain"}}
	page := http.Header{"Content-Type": {"text/html"}}
	resttest.Check(t, oneWord, []resttest.Sample{
		{Header: text, Body: "QUEUED", Means: "pending"},
		{Header: text, Body: " EXECUTING\r\n", Means: "running"},
		{Header: text, Body: "COMPLETED", Means: "completed"},
		{Header: text, Body: "ERROR", Means: "failed"},
		{Header: text, Body: "NOT_FOUND", Means: "not found"},
		{Header: text, Body: "SUSPENDED", Means: "unknown"},
		{Header: text, Body: `"COMPLETED"`, Means: "unknown"},
		{Header: text, Body: "", Means: "malformed"},
		{Header: text, Body: strings.Repeat("x", 300), Means: "malformed"},
		{Header: page, Body: "<html>COMPLETED</html>", Means: "transient"},
		{Header: text, Body: "<html>COMPLETED</html>", Means: "transient"},
		{Code: 500, Header: text, Body: "ERROR", Means: "transient"},
		{Code: 404, Header: text, Body: "COMPLETED", Means: "not found"},
		{Code: 202, Means: "pending"},
		{Create: true, Header: text, ID: "run-7", Body: "run-7\n", Means: "pending"},
		{Create: true, Header: page, Body: "<p>Sign in", Means: "transient"},
	})
}

func TestPartsOfATextThatIsNoJSONAreRead(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{
		Create: rest.Call{Path: "/run"}, Status: rest.Call{Path: "/{id}"}, ID: "@text", IDPattern: "*RID = {id}\n*", State: "@text, @code",
		States: map[string]transport.State{"*<status>on</status>, *": transport.Running, "*<status>done</status>, *": transport.Completed, "-, 410": transport.Failed},
	}
	xml := http.Header{"Content-Type": {"application/xml"}}
	said := func(word string) string {
		return "<?xml version='1.0'?>" + strings.Repeat(" ", 300) + "<status>" + word + "</status>"
	}
	resttest.Check(t, d, []resttest.Sample{
		{Header: xml, Body: said("on"), Means: "running"},
		{Header: xml, Body: said("done"), Means: "completed"},
		{Header: xml, Body: said("failed"), Means: "transient"},
		{Code: 500, Header: xml, Body: said("done"), Means: "transient"},
		{Code: 410, Means: "failed"},
		{Create: true, Header: xml, ID: "8JK0", Body: "<!--QBlastInfoBegin\n    RID = 8JK0\n    RTOE = 12\n-->", Means: "pending"},
	})
	e, err := d.Explain("7", rest.Answer{Code: 200, Body: []byte(said("done"))})
	require.NoError(t, err)
	assert.Equal(t, "200", e.Status.Raw, "a long text is no word")
	d.State, d.States = "@text", map[string]transport.State{"*done</status>": transport.Completed}
	e, err = d.Explain("7", rest.Answer{Code: 200, Body: []byte(said("done"))})
	require.NoError(t, err)
	assert.Equal(t, transport.Status{ID: "7", State: transport.Completed}, e.Status)
}

// A page of XML contains a word for a state by chance.
func TestAWordWithinAPageOfXMLIsRead(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{
		Create: rest.Call{Path: "/run"}, Status: rest.Call{Path: "/{id}"}, ID: "@text", IDPattern: "*<Id>{id}</Id>*", State: "@text",
		States: map[string]transport.State{
			"*<Status>Queued</Status>*": transport.Pending, "*<Status>InProgress</Status>*": transport.Running,
			"*<Status>Completed</Status>*": transport.Completed, "*<Status>Failed</Status>*": transport.Failed,
		},
		Fault:  "@text",
		Faults: map[string]transport.Class{"*<Code>NoSuchJob</Code>*": transport.NotFound, "*<Code>SlowDown</Code>*": transport.Throttled},
	}
	xml := http.Header{"Content-Type": {"text/xml"}}
	said := func(parts string) string {
		return "<?xml version='1.0'?><Job><Id>7</Id>" + parts + strings.Repeat(" ", 600) + "</Job>"
	}
	samples := []resttest.Sample{
		{Header: xml, Body: said("<Status>Queued</Status>"), Means: "pending"},
		{Header: xml, Body: said("<Status>InProgress</Status>"), Means: "running"},
		{Header: xml, Body: said("<Status>Completed</Status>"), Means: "completed"},
		{Header: xml, Body: said("<Status>Failed</Status>"), Means: "failed"},
		{Header: xml, Body: said("<Status>Failed</Status><Status>Completed</Status>"), Means: "malformed"},
		{Header: xml, Body: said("<Status>New</Status>"), Means: "transient"},
		{Header: xml, Body: said("<Code>NoSuchJob</Code>"), Means: "not found"},
		{Header: xml, Body: said("<Code>SlowDown</Code>"), Means: "throttled"},
		{Header: xml, Body: said("<Code>SlowDown</Code><Code>NoSuchJob</Code>"), Means: "malformed"},
		{Code: 400, Header: xml, Body: said("<Code>SlowDown</Code>"), Means: "throttled"},
		{Create: true, ID: "7", Header: xml, Body: said("<Status>Queued</Status>"), Means: "pending"},
	}
	resttest.Check(t, d, samples)
	assert.Empty(t, resttest.Unreached(d, samples))
	e, err := d.Explain("7", rest.Answer{Code: 200, Body: []byte(said("<Status>Failed</Status><Status>Completed</Status>"))})
	require.NoError(t, err)
	assert.ErrorContains(t, e.Err, `the answer fits both "*<Status>Completed</Status>*" and "*<Status>Failed</Status>*" of Dialect.States`)
	assert.Empty(t, e.Rule)
	d.Status.Fault, d.Status.Faults, d.Fault, d.Faults = d.Fault, d.Faults, "", nil
	resttest.Check(t, d, samples)
	d.State, d.States = "@text, @text", map[string]transport.State{
		"*<Status>Queued</Status>*, *": transport.Pending, "*<Status>Done</Status>*, *": transport.Failed, "*<Status>Done</Status>*, *<Result>OK</Result>*": transport.Completed,
	}
	resttest.Check(t, d, []resttest.Sample{
		{Header: xml, Body: said("<Status>Queued</Status>"), Means: "pending"},
		{Header: xml, Body: said("<Status>Done</Status><Result>OK</Result>"), Means: "completed"},
		{Header: xml, Body: said("<Status>Done</Status><Result>FAIL</Result>"), Means: "failed"},
		{Header: xml, Body: said("<Status>Queued</Status><Result>OK</Result>"), Means: "pending"},
		{Header: xml, Body: said("<Result>OK</Result>"), Means: "transient"},
	})
}

func TestTheJSONWithinATextIsRead(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{
		Status: rest.Call{Path: "/{id}"}, State: "ok, data.@json.status", Message: "failed, data.@json.desc", Error: "-",
		States: map[string]transport.State{"0, 9": transport.Completed, "0, +": transport.Running, "0, -": transport.Failed, "+, -": transport.Failed},
	}
	resttest.Check(t, d, []resttest.Sample{
		{Body: `{"ok":0,"failed":null,"data":"{\"desc\":\"done\",\"status\":9}"}`, Means: "completed", Message: "done"},
		{Body: `{"ok":0,"data":"{\"desc\":\"\",\"status\":3}"}`, Means: "running"},
		{Body: `{"ok":0,"data":"no JSON"}`, Means: "failed"},
		{Body: `{"ok":-1,"failed":"no such task","data":null}`, Means: "failed", Message: "no such task"},
		{Body: `{"ok":0,"data":"{\"status\":9,\"status\":3}"}`, Means: "malformed"},
	})
}

func TestAPartIsChosenAmongTheValuesOfAnObject(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{
		Status: rest.Call{Path: "/{id}"}, State: "minions, minions[retcode!=0]", Message: "minions[retcode!=0].return",
		States: map[string]transport.State{"-, *": transport.Running, "+, -": transport.Completed, "+, +": transport.Failed},
	}
	resttest.Check(t, d, []resttest.Sample{
		{Body: `{"minions":{}}`, Means: "running"},
		{Body: `{"minions":{"a":{"retcode":0},"b":{"retcode":0}}}`, Means: "completed"},
		{Body: `{"minions":{"a":{"retcode":0},"b":{"retcode":2,"return":"disk full"}}}`, Means: "failed", Message: "disk full"},
		{Body: `{"minions":[{"retcode":0},{"retcode":2}]}`, Means: "failed"},
		{Body: `{"minions":{"a":{"retcode":0},"b":{}}}`, Means: "failed"},
	})
}

func TestProgressMayBeAQuotientInOneText(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{State: "s", States: map[string]transport.State{"on": transport.Running}, Progress: "p", ProgressScale: 100}
	for text, want := range map[string]float64{
		`"1/4"`: 0.25, `" 3 / 4 "`: 0.75, `"5/4"`: 1, `"0/0"`: 0, `"-/-"`: 0, `"1/"`: 0, `"1/-4"`: 0, `"Inf/Inf"`: 0, `"1/4/2"`: 0, `"25"`: 0.25, `"25 %"`: 0.25, `25`: 0.25,
	} {
		e, err := d.Explain("7", rest.Answer{Code: 200, Body: []byte(`{"s":"on","p":` + text + `}`)})
		require.NoError(t, err)
		assert.Equal(t, want, e.Status.Progress, text)
	}
}

func TestADialectSaysHowLargeAnswersMayBe(t *testing.T) {
	t.Parallel()
	body := `{"payload":{"status":"completed","result":"` + strings.Repeat("x", rest.DefaultMaxBody) + `"}}`
	for _, row := range []struct {
		dialect, option int
		large           bool
	}{{0, 0, true}, {2 << 20, 0, false}, {2 << 20, 1000, true}, {0, 2 << 20, false}} {
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) },
			rest.WithDialect(rest.Dialect{MaxBody: row.dialect}), rest.WithMaxBody(row.option))
		s, err := c.Status(t.Context(), "7")
		if row.large {
			require.ErrorIs(t, err, transport.ErrMalformed, row)
			continue
		}
		require.NoError(t, err, row)
		assert.Equal(t, transport.Completed, s.State)
	}
	for _, size := range []int{-1, 1 << 30} {
		_, err := rest.New("http://service.invalid", rest.WithDialect(rest.Dialect{MaxBody: size}))
		require.ErrorContains(t, err, "field MaxBody: ")
	}
}

// A UWS service answers a create and a cancel with a 303 to the job.
func TestA303LeadsToTheJobThatWasCreatedOrCanceled(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{
		Create: rest.Call{Path: "/async"}, Status: rest.Call{Path: "/async/{id}"}, Cancel: rest.Call{Method: "POST", Path: "/async/{id}/phase"},
		ID: "@header.Location", IDPattern: "*/async/{id}", State: "@text",
	}
	leadsTo := ""
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, http.MethodPost, r.Method, "no 303 is followed")
		w.Header().Set("Location", leadsTo)
		w.WriteHeader(http.StatusSeeOther)
	}, rest.WithDialect(d))
	leadsTo = "/async/7"
	id, err := c.Create(t.Context(), transport.CreateRequest{})
	require.NoError(t, err)
	assert.Equal(t, "7", id)
	require.NoError(t, c.Cancel(t.Context(), "7"))
	for _, leadsTo = range []string{"/login?next=/async/7", "/", "", "https://other.invalid/async/7"} {
		_, err = c.Create(t.Context(), transport.CreateRequest{})
		assert.Equal(t, transport.Misdirected, classOf(t, err), leadsTo)
		err = c.Cancel(t.Context(), "7")
		assert.Equal(t, transport.Misdirected, classOf(t, err), leadsTo)
	}

	d.ID, d.IDPattern = "id", "" // the id is in no header
	c = serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/async/7", http.StatusSeeOther) }, rest.WithDialect(d))
	_, err = c.Create(t.Context(), transport.CreateRequest{})
	assert.Equal(t, transport.Misdirected, classOf(t, err))
}
