// Package record records the answers of a real service in a file. A server of package mock replays
// the file: see [github.com/iamber12/job-status-monitoring/mock.Replay].
//
//	recorder := record.New(http.DefaultTransport)
//	t, err := rest.New("https://jobs.example.com", rest.WithRoundTripper(recorder))
//	// … wait for a job …
//	err = recorder.Save("testdata/report.json")
package record
