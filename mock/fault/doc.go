// Package fault says what goes wrong in a service of package mock: which calls, and what becomes of
// them.
//
//	mock.NewServer(t,
//		mock.Fault(fault.Nth(3), fault.Code(503), fault.RetryAfter("30")),
//		mock.Fault(fault.Share(0.1), fault.Reset()),
//		mock.Fault(fault.Between(time.Minute, 2*time.Minute), fault.Silence()))
//
// A [When] selects the calls, and an [Effect] is what becomes of them. Values that make no sense
// are errors of the option, and fail the test.
package fault
