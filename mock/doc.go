// Package mock is for tests of code that waits for jobs. It has a service whose jobs follow a
// script, on a socket or in memory, and a clock that a test moves.
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
// The two minutes pass in a few milliseconds, and every run takes the same course.
//
// The script of a job is a list of steps: see [Job]. A [Fault] makes calls go wrong: package fault
// has the effects. [Push] makes the service tell of changes without being asked. [Service.Calls]
// and [Service.Timeline] report what was asked, and the assertions of [Service] check it. Package
// record keeps the answers of a real service for [Replay]. The page "Testing code that waits" in
// examples/unittest explains all of this.
//
// A testing/synctest bubble needs no Clock. Sockets do not work there: use [NewTransport], or a
// [Server] with [InMemory].
package mock
