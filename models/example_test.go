package models_test

import (
	"fmt"

	"github.com/simrun/simrun/models"
)

// Operations of a plan, carried out one after the other on one object.
func ExampleApply() {
	space, err := models.ParseSpace(`
		space friendlists
		key username
		attributes string first, string last, set(string) friends`)
	if err != nil {
		fmt.Println(err)
		return
	}
	var jj models.Object
	for _, line := range []string{
		`set_add friendlists jj {friends: "jsmith1"}`,
		`put friendlists jj {first: "John", last: "Jackson"}`,
		`set_add friendlists jj {friends: "jsmith1"}`,
		`cond_put friendlists jj if {friends contains "brian"} {last: "Smith"}`,
		`get friendlists jj`,
	} {
		op, err := models.ParseOp(line)
		if err != nil {
			fmt.Println(err)
			return
		}
		var result models.Result
		jj, result = models.Apply(space, jj, op)
		fmt.Println(op.Verb, "->", result)
	}
	// Output:
	// set_add -> NOTFOUND
	// put -> SUCCESS
	// set_add -> SUCCESS
	// cond_put -> CMPFAIL
	// get -> SUCCESS {first: "John", friends: {"jsmith1"}, last: "Jackson"}
}

// An error names the column of the first wrong word.
func ExampleParseOp() {
	_, err := models.ParseOp(`put friendlists jj {first "John"}`)
	fmt.Println(err)
	// Output:
	// column 27: want ":", found "\""
}
