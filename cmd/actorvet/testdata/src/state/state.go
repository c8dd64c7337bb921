package state

import (
	"bytes"
	"errors"

	"github.com/simrun/simrun/actors"
)

var errGone = errors.New("gone")

var table = map[string]int{"a": 1}

var kinds = map[string]int{}

var (
	count   int
	limits  = [3]int{1, 2, 3}
	config  = struct{ size int }{1}
	current *actors.Env
	buffer  bytes.Buffer
	reader  = bytes.NewReader(nil)
	hook    = func() { count = 1 } // want `package variable count is assigned`
)

func init() {
	kinds["a"] = 1
	count = 2
}

func change(env actors.Env, i int) error {
	count++               // want `package variable count is assigned: all hosts share it and crashes keep it; move it into the actor`
	limits[i] = 2         // want `package variable limits is assigned`
	config.size += 1      // want `package variable config is assigned`
	current.Host = ""     // want `package variable current is assigned`
	current, i = nil, 1   // want `package variable current is assigned`
	kinds["b"] = 2        // want `package variable kinds is assigned`
	delete(kinds, "a")    // want `package variable kinds is changed`
	clear(kinds)          // want `package variable kinds is changed`
	p := &count           // want `package variable count has its address taken`
	buffer.Reset()        // want `package variable buffer has a method called that may change it`
	for count = range 3 { // want `package variable count is assigned`
	}
	*p = table["a"] + limits[0] + reader.Len()
	limits := limits
	limits[0] = 1
	return errGone
}
