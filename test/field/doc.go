// Package field tests the library in situations that users of other libraries have reported as
// faults.
//
// The list in situations_test.go names the tests of each situation. If another package of the
// library has such a test, the test is not repeated here. The tests of this package run in virtual
// time, in a testing/synctest bubble. The service is a function that answers requests in memory, or
// a Transport.
package field
