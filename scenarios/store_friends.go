package scenarios

import (
	"fmt"
	"slices"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// storeFriends runs the friend-list program of the tutorial while another client
// looks on. The observer may see one half of a friendship, and the program's
// result is always the same.
func storeFriends() sim.Scenario {
	space := parseSpace(store.FriendsSpace)
	return sim.Scenario{
		Name: "store/friends",
		Doc:  "the friend-list program of the tutorial, and an observer, on a lossy network",
		Topology: func(k sim.Knobs) actors.Topology {
			s := space
			s.Partitions = k.Int("partitions", 8)
			return store.Topology(store.Options{
				Daemons: k.Int("daemons", 3), Clients: 2, Spaces: []models.Space{s},
				Programs: []actors.Program{makeFriends, watchFriends},
			})
		},
		Profile: storeHosts(faults.Profile{
			DelayMin: time.Millisecond, DelayMax: 30 * time.Millisecond,
			DropMax: 100, DuplicateMax: 100, DiskMax: 5 * time.Millisecond, FIFO: 300, Random: 200,
		}),
		Checks: []sim.Check{
			{Name: "configuration", Func: checkConfigurations},
			{Name: "disk", Func: checkDisks},
			{Name: "replicas", Func: checkReplicas},
		},
		Sometimes: []string{sawHalfFriendship},
	}
}

// makeFriends runs the tutorial's program and compares its result.
func makeFriends(env actors.Env) error {
	if _, err := store.NewAdmin(env, 1).WaitForSpace("friendlists", spacePatience); err != nil {
		return err
	}
	names, err := store.Friends(store.NewClient(env))
	if err != nil {
		return err
	}
	if want := []string{"Brian", "John", "John"}; !slices.Equal(names, want) {
		return fmt.Errorf("the friends of jsmith1 are %v, want %v", names, want)
	}
	return nil
}

// watchFriends looks at both halves of a friendship until both are there.
func watchFriends(env actors.Env) error {
	if _, err := store.NewAdmin(env, 1).WaitForSpace("friendlists", spacePatience); err != nil {
		return err
	}
	c := store.NewClient(env)
	for {
		jj := friendsOf(c, "jj", "jsmith1")
		jsmith1 := friendsOf(c, "jsmith1", "jj")
		switch {
		case jj && jsmith1:
			return nil
		case jj: // it was read first, so the other half was not there then
			env.Note(actors.Sometimes(sawHalfFriendship))
		}
		env.Clock.Sleep(5 * time.Millisecond)
	}
}

// friendsOf reports whether an object exists and has the friend.
func friendsOf(c *store.Client, key, friend string) bool {
	r := c.Get("friendlists", key)
	if r.Status != models.Success {
		return false
	}
	for _, a := range r.Attrs {
		if a.Name == "friends" {
			return a.Value.Has(models.StringValue(friend))
		}
	}
	return false
}
