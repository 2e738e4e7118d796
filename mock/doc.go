// Package mock is for tests of code that waits for jobs. It has a service whose jobs follow a
// script, and a clock that a test advances. The service listens on a socket or runs in memory.
//
//	func TestReportIsReadyAfterTwoMinutes(t *testing.T) {
//		clk := mock.NewClock(t)
//		srv := mock.NewServer(t, mock.WithClock(clk),
//			mock.Job("report-1", mock.Pending(2*time.Minute), mock.Completed(nil)))
//		w, err := jobstatus.NewHTTP(srv.URL, jobstatus.WithClock(clk))
//		require.NoError(t, err)
//		defer w.Close()
//		clk.Run(func() {
//			_, err := w.WaitForJob(t.Context(), "report-1", jobstatus.Timeout(5*time.Minute))
//			require.NoError(t, err)
//		})
//	}
//
// The two minutes pass in a few milliseconds of real time, and every run makes the same polls at
// the same times.
//
// The script of a job is a list of steps: see [Job]. A [Fault] makes requests fail or their answers
// wrong: package fault has the effects. [Push] makes the service send webhooks or a stream of
// events. [Service.Calls] and [Service.Timeline] return the requests that were made, and the
// assertions of [Service] check them. Package record records the answers of a real service for
// [Replay]. The page "Testing code that waits" in examples/unittest explains all of this.
//
// In a testing/synctest bubble, no Clock is needed. Sockets do not work in a bubble: use
// [NewTransport], or a [Server] with [InMemory].
package mock
