package maporder

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/simrun/simrun/actors"
)

type node struct {
	peers map[string]int
	keys  []string
	sum   float64
	send  func(string)
}

func (n *node) bad(env actors.Env, m map[string]int, other map[int]string) (last string, err error) {
	for k := range m { // want `map range in random order: the body calls n.send; range over slices.Sorted`
		n.send(k)
	}
	for k, v := range m { // want `the body returns early`
		if v > 3 {
			return k, nil
		}
	}
	for range m { // want `the body breaks early`
		break
	}
	for k := range m { // want `the body assigns last, and the last round wins`
		last = k
	}
	for last = range m { // want `the body leaves the last key in last`
	}
	for k := range m { // want `the body appends to n.keys, which is not sorted afterwards`
		n.keys = append(n.keys, k)
	}
	for _, v := range m { // want `the body accumulates in n.sum, where the order counts`
		n.sum += float64(v)
	}
	for k := range m { // want `the body accumulates in last, where the order counts`
		last += k
	}
	first := &node{}
	for _, v := range m { // want `the body assigns p.sum, and the last round wins`
		p := first
		p.sum = float64(v)
	}
	i := 0
	keys := make([]string, len(m))
	for k := range m { // want `the body writes keys\[i\], and rounds may share that index`
		keys[i] = k
		i++
	}
	for k, v := range m { // want `the body writes other\[v\], and rounds may share that index`
		other[v] = k
	}
	for _, v := range m { // want `the body adds keys to the map it ranges over`
		m[fmt.Sprint(v)] = 0
	}
	for _, v := range m { // want `the body reads i, which it changes`
		if i < 3 {
			i += v
		}
	}
	for _, v := range m { // want `the body changes i in two ways`
		i += v
		i *= 2
	}
	for k := range m { // want `the body calls fmt.Println`
		fmt.Println(k)
	}
	for k := range m { // want `the body calls next`
		n.peers[k] = next()
	}
	for range m { // want `the body does more than collect, count and copy`
		defer next()
	}
outer:
	for range 3 {
		for range m { // want `the body jumps to a label`
			continue outer
		}
	}
	for k := range maps.Keys(m) { // want `maps.Keys in random order: use slices.Sorted`
		n.send(k)
	}
	for range maps.All(m) { // want `maps.All in random order`
	}
	n.keys = slices.Collect(maps.Keys(m)) // want `maps.Keys in random order`
	reflect.ValueOf(m).MapKeys()          // want `reflect.MapKeys: its order is random; sort the keys`
	func() {
		for k := range m { // want `the body appends to keys, which is not sorted afterwards`
			keys = append(keys, k)
		}
	}()
	slices.Sort(keys)
	return last, err
}

func next() int { return 1 }
