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
// A job's script is made of steps: see Job. What goes wrong with calls about it is a Fault. What was asked is told by Calls and
// Timeline, and checked by the assertions of Service. A Recorder keeps what a real service answers, for Replay. The page "Testing
// code that waits", in examples/unittest, goes through it all.
//
// Inside a testing/synctest bubble no Clock is needed, but there sockets stand outside of time: use InMemory, or a Transport.
package mock
