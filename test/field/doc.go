// Package field tests the library in situations that users of other pollers reported as faults.
//
// A situation is shown by the tests that situations_test.go names for it. Where another package of
// the library has such a test, it is not repeated here. Everything else runs in virtual time: the
// service is a function that answers requests in memory, or a Transport, and the test runs in a
// testing/synctest bubble.
package field
