// Package trace is what happened in a run: a list of [Event] values, and the file
// format that keeps it. Both worlds write it; package view turns it into words
// and pictures.
//
// A trace file is refused if a single byte of it is missing or altered. What was
// readable before the damage is returned together with the error.
package trace
