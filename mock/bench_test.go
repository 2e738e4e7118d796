package mock_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/iamber12/job-status-monitoring/mock"
	"github.com/iamber12/job-status-monitoring/mock/duration"
)

// BenchmarkStatusRequests reports how many status requests a client and a server on one machine
// handle per second.
func BenchmarkStatusRequests(b *testing.B) {
	const jobs = 100_000
	script := []mock.Step{mock.Pending(duration.LogNormal(time.Minute, 1)), mock.Completed(nil)}
	opts := []mock.Option{mock.KeepCalls(0)}
	for i := range jobs {
		opts = append(opts, mock.Job(fmt.Sprint("job-", i), script...))
	}
	srv := mock.NewServer(b, opts...)
	b.ResetTimer()
	b.SetParallelism(16)
	b.RunParallel(func(p *testing.PB) {
		for i := 0; p.Next(); i++ {
			answer, err := srv.Client().Get(fmt.Sprint(srv.URL, "/status/job-", i%jobs))
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				b.Error(answer.Status)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}
