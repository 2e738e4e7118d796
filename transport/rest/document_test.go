package rest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/iamber12/job-status-monitoring/transport"
	"github.com/iamber12/job-status-monitoring/transport/rest"
	"github.com/iamber12/job-status-monitoring/transport/rest/resttest"
)

// soap is the dialect of a service that speaks SOAP.
var soap = rest.Dialect{
	Create: rest.Call{Path: "/jobs"}, Status: rest.Call{Path: "/jobs/{id}"}, ID: "Envelope.Body.StartResponse.Job.id",
	AnswerID: "Envelope.Body.JobResponse.Job.id", State: "Envelope.Body.JobResponse.Job.State",
	States: map[string]transport.State{
		"Queued": transport.Pending, "Working": transport.Running, "Done": transport.Completed, "Broken": transport.Failed, "2": transport.Running,
	},
	Progress: "Envelope.Body.JobResponse.Job.Percent", ProgressScale: 100,
	Message: "Envelope.Body.JobResponse.Job.Step", Error: "Envelope.Body.JobResponse.Job.Error.@text, Envelope.Body.JobResponse.Job.Error",
	Result:   "Envelope.Body.JobResponse.Job.Output",
	Finished: "Envelope.Body.JobResponse.Job.EndTime", RetryAfter: "Envelope.Body.JobResponse.Job.PollIn ms",
	Fault: "Envelope.Body.Fault.faultcode", Faults: map[string]transport.Class{"*.NoSuchJob": transport.NotFound, "*.Busy": transport.Throttled},
}

func inEnvelope(body string) string {
	return `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="x"><soap:Header/><soap:Body>` +
		body + `</soap:Body></soap:Envelope>`
}

func soapJob(parts string) string {
	return inEnvelope(`<JobResponse xmlns="urn:jobs"><Job id="7" xsi:type="Job">` + parts + `</Job></JobResponse>`)
}

func TestPlacesReadXML(t *testing.T) {
	t.Parallel()
	xml := http.Header{"Content-Type": {"text/xml; charset=utf-8"}}
	samples := []resttest.Sample{
		{ID: "7", Header: xml, Body: soapJob("<State> Queued </State><PollIn>1500</PollIn>"), Means: "pending", RetryAfter: 1500 * time.Millisecond},
		{ID: "7", Body: soapJob("<State>Working</State><Step>a &lt; b</Step>"), Means: "running", Message: "a < b"},
		{ID: "7", Header: xml, Body: soapJob("<State>2</State><Step><![CDATA[<p>]]></Step>"), Means: "running", Message: "<p>"},
		{ID: "7", Header: xml, Body: soapJob("<State>Done</State><Error/><Output><Rows>5</Rows></Output>"), Means: "completed", Result: `{"Rows":5}`},
		{ID: "7", Header: xml, Body: soapJob("<State>Done</State><Error>false</Error>"), Means: "completed"},
		{ID: "7", Header: xml, Body: soapJob("<State>Done</State><Error>half of it</Error>"), Means: "failed", Message: "half of it"},
		{ID: "7", Header: xml, Body: soapJob(`<State>Broken</State><Error code="5">disk full</Error>`), Means: "failed", Message: "disk full"},
		{ID: "7", Code: 500, Header: xml, Body: soapJob(`<State>Broken</State><Error>x</Error>`), Means: "failed", Message: "x"},
		{ID: "7", Header: xml, Body: soapJob("<State>Paused</State>"), Means: "unknown"},
		{ID: "7", Header: xml, Body: soapJob("<State>Done</State><State>Broken</State>"), Means: "malformed"},
		{ID: "7", Header: xml, Body: soapJob("<STATE>Done</STATE>"), Means: "malformed"},
		{ID: "8", Header: xml, Body: soapJob("<State>Done</State>"), Means: "malformed"},
		{ID: "7", Header: xml, Body: soapJob(""), Means: "malformed"},
		{ID: "7", Header: xml, Body: "<Envelope><Body>", Means: "malformed"},
		{ID: "7", Code: 500, Header: xml, Body: inEnvelope("<soap:Fault><faultcode>soap:Client.NoSuchJob</faultcode></soap:Fault>"), Means: "not found"},
		{ID: "7", Header: xml, Body: inEnvelope("<soap:Fault><faultcode>soap:Client.NoSuchJob</faultcode></soap:Fault>"), Means: "not found"},
		{ID: "7", Header: xml, Body: inEnvelope("<soap:Fault><faultcode>soap:Server.Busy</faultcode></soap:Fault>"), Means: "throttled"},
		{ID: "7", Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html><body>Sign in</body></html>", Means: "transient"},
		{ID: "7", Body: "<!DOCTYPE html><html>Sign in</html>", Means: "transient"},
		{ID: "7", Body: "<HTML>Sign in</HTML>", Means: "transient"},
		{ID: "7", Code: 502, Header: xml, Body: soapJob("<State>Broken</State>"), Means: "transient"},
		{Create: true, ID: "7", Header: xml, Body: inEnvelope(`<StartResponse><Job id="7"/></StartResponse>`), Means: "pending"},
		{Create: true, Header: xml, Body: inEnvelope(`<StartResponse/>`), Means: "malformed"},
	}
	resttest.Check(t, soap, samples)
	assert.Empty(t, resttest.Unreached(soap, samples))
	assert.Equal(t, []string{`Progress "Envelope.Body.JobResponse.Job.Percent"`, `Finished "Envelope.Body.JobResponse.Job.EndTime"`}, resttest.Unread(soap, samples))
	for body, want := range map[string]string{
		"<Envelope><Body>":                     "the XML does not parse: XML syntax error on line 1: unexpected EOF: 200 OK",
		"<a>" + strings.Repeat(" ", fileSize):  "body too large: at most 1048576 bytes (WithMaxBody)",
		inEnvelope("<JobResponse/>"):           "no status at Envelope.Body.JobResponse.Job.State (Dialect.State): 200 OK",
		soapJob("<State><Odd>1</Odd></State>"): "(Dialect.State) is neither a string nor a number nor a boolean",
	} {
		e, err := soap.Explain("7", rest.Answer{Code: 200, Header: xml, Body: []byte(body)})
		require.NoError(t, err)
		assert.ErrorIs(t, e.Err, transport.ErrMalformed)
		assert.ErrorContains(t, e.Err, want)
	}
	e, err := soap.Explain("7", rest.Answer{Code: 200, Header: xml, Body: []byte(soapJob("<State>Working</State><Percent>25</Percent><EndTime>2030-01-01T00:00:00Z</EndTime>"))})
	require.NoError(t, err)
	assert.Equal(t, transport.Status{ID: "7", State: transport.Running, Raw: "Working", Progress: 0.25, Finished: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}, e.Status)
}

func TestAnItemIsFoundAmongManyOrOneInXML(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{
		Status: rest.Call{Path: "/{id}"}, State: "Jobs[Id={id}].Status", Message: "Jobs[Id={id}].Note",
		States: map[string]transport.State{"On": transport.Running, "Done": transport.Completed, "Bad": transport.Failed},
		Batch:  rest.Batch{Path: "/jobs?ids={ids}", List: "Jobs", ID: "Id", Item: "Jobs[Id={id}]"},
	}
	resttest.Check(t, d, []resttest.Sample{
		{ID: "a 7", Body: "<Jobs><Job><Id>a 6</Id><Status>Bad</Status></Job><Job><Id>a 7</Id><Status>Done</Status></Job></Jobs>", Means: "completed"},
		{ID: "a 7", Body: "<Jobs><Job><Id>a 7</Id><Status>Bad</Status><Note>x</Note></Job></Jobs>", Means: "failed", Message: "x"},
		{ID: "9007199254740993", Body: "<Jobs><Job><Id>9007199254740993</Id><Status>On</Status></Job></Jobs>", Means: "running"},
		{ID: "9007199254740993", Body: "<Jobs><Job><Id>9007199254740992</Id><Status>On</Status></Job></Jobs>", Means: "malformed"},
	})
	body := "<Jobs><Job><Id>7</Id><Status>On</Status></Job><Job><Id>8</Id><Status>Bad</Status><Note>x</Note></Job></Jobs>"
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		say(200, body)(w, r)
	}, rest.WithDialect(d))
	ids := []string{"7", "8", "9"}
	answers, err := c.StatusBatch(t.Context(), ids)
	require.NoError(t, err)
	assert.ElementsMatch(t, []transport.Answer{
		{Status: transport.Status{ID: "7", State: transport.Running, Raw: "On"}}, {Status: transport.Status{ID: "8", State: transport.Failed, Raw: "Bad", Message: "x"}},
	}, answers)
	body = "<Jobs/>"
	answers, err = c.StatusBatch(t.Context(), ids)
	require.NoError(t, err)
	assert.Empty(t, answers)
	body = "<Error>no</Error>"
	_, err = c.StatusBatch(t.Context(), ids)
	assert.ErrorIs(t, err, transport.ErrMalformed)
}

// The lines of an error are siblings. A second line must not hide that the job failed.
func TestTheFirstOfSiblingsIsReadInXML(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{Create: rest.Call{Path: "/"}, Status: rest.Call{Path: "/{id}"}, ID: "job.id", State: "job.state, job.steps[ok=false].name", Error: "job.errors.error.text", Message: "job.lines.line", Progress: "job.percent", ProgressScale: 100,
		States: states{"on, *": isRunning, "end, -": completed, "end, +": failed}}
	resttest.Check(t, d, []resttest.Sample{
		{Body: "<job><id>1</id><state>on</state><percent>5</percent><percent>7</percent><lines><line/><line>a</line><line>b</line></lines></job>", Means: "running", Message: "a"},
		{Body: "<job><id>1</id><state>end</state><errors><error/><error><text/></error><error><text>a</text></error><error><text>b</text></error></errors></job>", Means: "failed", Message: "a"},
		{Body: "<job><id>1</id><state>end</state><errors><error><text/></error><error/></errors></job>", Means: "completed"},
		{Body: "<job><id>1</id><state>end</state><steps><step><name>a</name><ok>true</ok><ok>false</ok></step></steps></job>", Means: "malformed"},
		{Body: "<job><id>1</id><state>end</state><state>on</state></job>", Means: "malformed"},
		{Body: "<job><id>1</id><state>end</state></job><job><id>1</id></job>", Means: "malformed"},
		{Body: "<all><job><id>1</id><state>end</state></job></all>", Means: "malformed"},
		{Create: true, Body: "<job><id>1</id><id>2</id></job>", Means: "malformed"},
		{Body: `{"job":{"id":"1","state":"on","lines":{"line":"a","line":"b"}}}`, Means: "malformed"},
		{Body: ")]}'" + `{"job":{"id":"1","state":"on","lines":{"line":"a","line":"b"}}}`, Means: "malformed"},
	})
	e, err := d.Explain("1", rest.Answer{Body: []byte("<job><id>1</id><state>on</state><percent>5</percent><percent>7</percent></job>")})
	require.NoError(t, err)
	assert.InDelta(t, 0.05, e.Status.Progress, 1e-9)
}

func TestAnIDIsEscapedInTheXMLOfARequest(t *testing.T) {
	t.Parallel()
	var sent []byte
	d := soap
	d.Status = rest.Call{Method: "POST", Path: "/soap", Header: map[string]string{"Content-Type": "application/soap+xml"}, Body: `<Get id="{id}">{id}</Get>`}
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		sent, _ = io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/soap+xml")
		say(200, strings.Replace(soapJob("<State>Done</State>"), `id="7"`, `id="7&lt;/Get&gt;&lt;x y=&quot;&amp;"`, 1))(w, r)
	}, rest.WithDialect(d))
	s, err := c.Status(t.Context(), `7</Get><x y="&`)
	require.NoError(t, err)
	assert.Equal(t, completed, s.State)
	assert.Equal(t, `<Get id="7&lt;/Get&gt;&lt;x y=&#34;&amp;">7&lt;/Get&gt;&lt;x y=&#34;&amp;</Get>`, string(sent))
}

func TestAnEventMayBeXML(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{Status: rest.Call{Path: "/{id}"}, ID: "job.id", State: "job.state", Error: "job.error",
		States: map[string]transport.State{"done": transport.Completed, "failed": transport.Failed}}
	c := client(t, "http://service.invalid", rest.WithDialect(d))
	s, err := readEvent(c, http.Header{"Content-Type": {"application/xml"}}, []byte("\ufeff<job id='7'><state>done</state></job>"))
	require.NoError(t, err)
	assert.Equal(t, transport.Status{ID: "7", State: transport.Completed, Raw: "done"}, s)
	s, err = readEvent(c, http.Header{"Content-Type": {"application/xml"}}, []byte("<job id='7'><state>failed</state><error/><error>full</error></job>"))
	require.NoError(t, err)
	assert.Equal(t, transport.Status{ID: "7", State: transport.Failed, Raw: "failed", Message: "full"}, s)
	_, err = readEvent(c, http.Header{"Content-Type": {"application/xml"}}, []byte("<job>"))
	assert.ErrorIs(t, err, transport.ErrMalformed)
}

func TestPlacesReadJSONInLines(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{Status: rest.Call{Path: "/{id}"}, ID: "[0].id", State: "[-1].status", Message: "[-1].step", Error: "[-1].error"}
	lines := http.Header{"Content-Type": {"application/x-ndjson; charset=utf-8"}}
	resttest.Check(t, d, []resttest.Sample{
		{Header: lines, Body: `{"status":"pending"}`, Means: "pending"},
		{Header: lines, Body: "{\"status\":\"pending\"}\r\n\n {\"status\":\"running\",\"step\":\"a\\nb\"}\n", Means: "running", Message: "a\nb"},
		{Header: http.Header{"Content-Type": {"application/jsonl"}}, Body: "{\"status\":\"running\"}\n{\"error\":\"full\",\"status\":\"failed\"}", Means: "failed", Message: "full"},
		{Header: lines, Body: "{\"status\":\"running\"}\n{\"status\":", Means: "malformed"},
		{Header: lines, Body: "{\"status\":\"running\"\n\"step\":\"x\"}", Means: "malformed"},
		{Header: lines, Body: "\n", Means: "malformed"},
		{Header: http.Header{"Content-Type": {"application/json"}}, Body: `[{"status":"completed"}]`, Means: "completed"},
	})
}

func TestPlacesReadAFormAndJSONBehindAGuard(t *testing.T) {
	t.Parallel()
	d := rest.Dialect{
		Create: rest.Call{Path: "/"}, Status: rest.Call{Path: "/{id}"}, ID: "id", State: "status", Message: "msg", Error: "err",
		States: map[string]transport.State{"busy": transport.Running, "ok": transport.Completed, "bad": transport.Failed},
	}
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}
	resttest.Check(t, d, []resttest.Sample{
		{Header: form, ID: "7/a", Body: "id=7%2Fa&status=busy&msg=half+way\n", Means: "running", Message: "half way"},
		{Header: form, ID: "8", Body: "id=7&status=ok", Means: "malformed"},
		{Header: form, ID: "7", Body: "id=7&status=ok&err=", Means: "completed"},
		{Header: form, ID: "7", Body: "id=7&status=ok&err=lost", Means: "failed", Message: "lost"},
		{Header: form, Body: "status=ok&status=bad", Means: "malformed"},
		{Header: form, Body: "status=%", Means: "malformed"},
		{Header: http.Header{"Content-Type": {"text/plain"}}, Body: "status=bad&err=a%20b", Means: "failed", Message: "a b"},
		{Header: http.Header{"Content-Type": {"text/plain"}}, Body: "the status=ok", Means: "malformed"},
		{Header: form, Create: true, ID: "7", Body: "id=7", Means: "pending"},
		{Body: ")]}'\n{\"status\":\"bad\",\"err\":\"lost\"}", Means: "failed", Message: "lost"},
		{Body: ")]}'\n{\"status\":\"ok\"", Means: "malformed"},
		{Create: true, ID: "7", Body: ")]}'\n{\"id\":7}", Means: "pending"},
	})
}
