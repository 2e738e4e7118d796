//go:build race

package main

// stackOfOwn bounds what a wait with a goroutine of its own takes: the race detector makes frames
// larger, so that a stack takes 8 KiB.
const stackOfOwn = 12_000
