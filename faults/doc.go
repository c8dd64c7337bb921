// Package faults says what may go wrong. A [Profile] bounds what can be drawn, a
// [Schedule] lists what was; both are values that print and parse as text. The
// package decides nothing by itself: sim carries a Schedule out.
package faults
