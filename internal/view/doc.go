// Package view turns a trace into what a person can take in: the story of a
// failure as a few lines of text ([Story]), the run as swim lanes in one HTML
// file ([Lanes]), and plain tables ([Table]).
//
// Keys, values and names of a run are never trusted: whatever is printed goes
// through [Clean] or html/template.
package view
