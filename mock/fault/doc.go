// Package fault describes the faults of a service of package mock: which calls go wrong, and how.
//
//	mock.NewServer(t,
//		mock.Fault(fault.Nth(3), fault.Code(503), fault.RetryAfter("30")),
//		mock.Fault(fault.Share(0.1), fault.Reset()),
//		mock.Fault(fault.Between(time.Minute, 2*time.Minute), fault.Silence()))
//
// A [When] selects the calls, and an [Effect] says what happens to them. An impossible argument is
// an error of the option, and fails the test.
package fault
