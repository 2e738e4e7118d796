//go:build !race

package main

// stackOfOwn bounds what a wait with a goroutine of its own takes: a stack of 4 KiB is enough to
// join and to wait.
const stackOfOwn = 7_000
