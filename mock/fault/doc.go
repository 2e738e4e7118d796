// Package fault describes the faults of a service of package mock: which requests fail, and how.
//
//	mock.NewServer(t,
//		mock.Fault(fault.Nth(3), fault.Code(503), fault.RetryAfter("30")),
//		mock.Fault(fault.Share(0.1), fault.Reset()),
//		mock.Fault(fault.Between(time.Minute, 2*time.Minute), fault.Silence()))
//
// A [When] selects requests, and an [Effect] says what happens to them. For an impossible argument,
// mock.NewServer and mock.NewTransport fail the test, and mock.NewService returns an error.
package fault
