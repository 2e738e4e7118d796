// Package mock is what tests of code that waits for jobs are made of: a service whose jobs follow a script, on a socket or in
// memory, and a clock that a test moves.
//
//	func TestReportIsReadyAfterTwoMinutes(t *testing.T) {
//		clk := mock.NewClock(t)
//		srv := mock.NewServer(t, mock.WithClock(clk),
//			mock.Job("report-1", mock.Pending(2*time.Minute), mock.Completed(nil)))
//		w, err := jobstatus.NewHTTP(srv.URL, jobstatus.WithClock(clk), jobstatus.WithMaxAttempts(jobstatus.Unlimited))
//		require.NoError(t, err)
//		defer w.Close()
//		clk.Run(func() {
//			_, err := w.WaitForJob(t.Context(), "report-1", jobstatus.Timeout(5*time.Minute))
//			require.NoError(t, err)
//		})
//	}
//
// The two minutes pass in a few milliseconds, and each run takes the same course.
//
// Inside a testing/synctest bubble no Clock is needed, but there sockets stand outside of time: use a Transport.
package mock
