package maporder

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"
)

type pair struct {
	key  string
	n    int
	done bool
}

func sorted(m map[string]int, all map[string]map[string]int) []string {
	var keys, more []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var pairs []pair
	for k, v := range m {
		if v == 0 || strings.HasPrefix(k, "x") {
			continue
		}
		pairs = append(pairs, pair{key: k, n: v})
	}
	if len(pairs) == 0 {
		return nil
	}
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.key, b.key) })
	for _, inner := range []map[string]int{m} {
		for k := range inner {
			more = append(more, k)
		}
	}
	sort.Strings(more)
	for _, inner := range all {
		for k := range inner {
			more = append(more, k)
		}
	}
	sort.Sort(sort.Reverse(sort.StringSlice(more)))
	names := slices.Collect(maps.Keys(m))
	slices.Sort(names)
	for _, k := range slices.Sorted(maps.Keys(m)) {
		fmt.Println(k, slices.Sorted(maps.Values(m)))
	}
	return keys
}

func (n *node) commute(m map[string]int, peers map[string]*pair, waits map[string]time.Duration) (total, most int, least string, any bool) {
	set := map[int]bool{}
	seen := map[int]struct{}{}
	sizes := map[int]int{}
	lists := map[string][]int{}
	copied := maps.Collect(maps.All(m))
	var longest time.Duration
	for k, v := range m {
		n.peers[k] = v + n.peers[k]
		copied[k] = len(k)
		set[v] = true
		seen[v] = struct{}{}
		sizes[v]++
		lists[k] = append(lists[k], v)
		total += v * 2
		any = true
		if v > most {
			most = v
		}
		if k < least {
			least = k
		}
		for i := 0; i < v; i++ {
			half := i / 2
			if half > 3 {
				break
			}
			total += half
		}
		switch {
		case v == 1:
			total--
		default:
			total -= v
		}
	}
	for _, d := range waits {
		longest = max(longest, d)
	}
	for k, v := range m {
		if v == 0 {
			delete(m, k)
			delete(waits, k)
		}
	}
	since := map[int]time.Duration{}
	for _, v := range m {
		since[v] = longest
	}
	for _, p := range peers {
		p.done = false
		p.n++
		_ = p
	}
	for range m {
		total++
	}
	return total, most, least, any
}
