package actorstest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/simrun/simrun/actors"
)

// content returns an error unless the file holds want.
func content(d actors.Disk, name, want string) error {
	got, err := d.ReadFile(name)
	if err != nil {
		return err
	}
	return unlike(name, string(got), want)
}

// files returns an error unless the folder has these files.
func files(d actors.Disk, want ...string) error {
	got, err := d.List()
	if err != nil {
		return err
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("List: got %q, want %q", got, want)
	}
	return nil
}

// missing returns an error unless err says that a file does not exist.
func missing(call string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s of a missing file: got %w, want fs.ErrNotExist", call, err)
	}
	return nil
}

// onDisk is a program that works on its own Disk.
func onDisk(f func(d actors.Disk) error) actors.Topology {
	return system(func(env actors.Env) error { return f(env.Disk) })
}

func diskCases() []testCase {
	return []testCase{
		{"Append creates a file and adds to it", onDisk(func(d actors.Disk) error {
			b := []byte("abc")
			if err := d.Append("wal", b); err != nil {
				return err
			}
			b[0] = 'X' // the bytes are the caller's again
			return errors.Join(d.Append("wal", []byte("def")), d.Append("wal", nil), content(d, "wal", "abcdef"), files(d, "wal"))
		})},

		{"WriteFile replaces the content", onDisk(func(d actors.Disk) error {
			return errors.Join(
				d.WriteFile("f", []byte("long content")), content(d, "f", "long content"),
				d.WriteFile("f", []byte("short")), content(d, "f", "short"),
				d.Append("f", []byte("er")), content(d, "f", "shorter"),
				d.WriteFile("f", nil), content(d, "f", ""), files(d, "f"))
		})},

		{"ReadFile returns a copy", onDisk(func(d actors.Disk) error {
			if err := d.WriteFile("f", []byte("abc")); err != nil {
				return err
			}
			b, err := d.ReadFile("f")
			if err != nil {
				return err
			}
			b[0] = 'X'
			return content(d, "f", "abc")
		})},

		{"Truncate shortens", onDisk(func(d actors.Disk) error {
			return errors.Join(
				d.Append("f", []byte("abcdef")),
				d.Truncate("f", 4), content(d, "f", "abcd"),
				d.Append("f", []byte("X")), content(d, "f", "abcdX"),
				d.Truncate("f", 5), content(d, "f", "abcdX"),
				d.Truncate("f", 0), content(d, "f", ""))
		})},

		{"Truncate neither lengthens nor takes a negative size", onDisk(func(d actors.Disk) error {
			if err := d.Append("f", []byte("abc")); err != nil {
				return err
			}
			for _, size := range []int64{4, -1} {
				if d.Truncate("f", size) == nil {
					return fmt.Errorf("Truncate to %d gave no error", size)
				}
			}
			return content(d, "f", "abc")
		})},

		{"Rename replaces", onDisk(func(d actors.Disk) error {
			return errors.Join(
				d.Append("new", []byte("new")), d.Append("old", []byte("old")), d.Append("other", []byte("o")),
				d.Rename("new", "old"),
				content(d, "old", "new"), files(d, "old", "other"),
				d.Append("old", []byte("er")), content(d, "old", "newer"),
				d.Append("new", []byte("again")), content(d, "new", "again"), content(d, "old", "newer"),
				d.Rename("other", "other"), content(d, "other", "o"))
		})},

		{"Remove deletes", onDisk(func(d actors.Disk) error {
			return errors.Join(
				d.Append("f", []byte("abc")), d.Sync("f"), d.Remove("f"), files(d),
				missing("ReadFile", second(d.ReadFile("f"))),
				d.Append("f", []byte("x")), content(d, "f", "x"))
		})},

		{"List is sorted", onDisk(func(d actors.Disk) error {
			if err := files(d); err != nil {
				return err
			}
			for _, name := range []string{"b", "a.tmp", "c", "a", "B", "10", "9"} {
				if err := d.Append(name, nil); err != nil {
					return err
				}
			}
			return files(d, "10", "9", "B", "a", "a.tmp", "b", "c")
		})},

		{"what is missing is fs.ErrNotExist", onDisk(func(d actors.Disk) error {
			return errors.Join(
				missing("ReadFile", second(d.ReadFile("f"))),
				missing("Truncate", d.Truncate("f", 0)),
				missing("Sync", d.Sync("f")),
				missing("Rename", d.Rename("f", "g")),
				missing("Remove", d.Remove("f")),
				files(d))
		})},

		{"Sync and SyncDir change nothing that is seen", onDisk(func(d actors.Disk) error {
			return errors.Join(
				d.SyncDir(), files(d),
				d.Append("f", []byte("abc")), d.Sync("f"), d.SyncDir(), content(d, "f", "abc"),
				d.Append("f", []byte("d")), d.Sync("f"), content(d, "f", "abcd"), files(d, "f"))
		})},

		{"many files can be used in turn", onDisk(func(d actors.Disk) error {
			const n = 40
			for round := range 3 {
				for i := range n {
					name := fmt.Sprintf("f%02d", i)
					if err := errors.Join(d.Append(name, []byte{byte('0' + round)}), d.Sync(name)); err != nil {
						return err
					}
				}
			}
			for i := range n {
				if err := content(d, fmt.Sprintf("f%02d", i), "012"); err != nil {
					return err
				}
			}
			return nil
		})},

		{"a file may be large", onDisk(func(d actors.Disk) error {
			want := bytes.Repeat([]byte("0123456789"), 30_000)
			if err := errors.Join(d.Append("f", want[:100_000]), d.Append("f", want[100_000:])); err != nil {
				return err
			}
			got, err := d.ReadFile("f")
			if err == nil && !bytes.Equal(got, want) {
				err = fmt.Errorf("read %d other bytes", len(got))
			}
			return err
		})},

		{"names that leave the folder are refused", onDisk(func(d actors.Disk) error {
			if err := d.Append("ok", nil); err != nil {
				return err
			}
			calls := []struct {
				what string
				do   func(name string) error
			}{
				{"Append", func(name string) error { return d.Append(name, nil) }},
				{"ReadFile", func(name string) error { return second(d.ReadFile(name)) }},
				{"WriteFile", func(name string) error { return d.WriteFile(name, nil) }},
				{"Truncate", func(name string) error { return d.Truncate(name, 0) }},
				{"Sync", func(name string) error { return d.Sync(name) }},
				{"Rename", func(name string) error { return d.Rename("ok", name) }},
				{"Remove", func(name string) error { return d.Remove(name) }},
			}
			for _, name := range []string{"", ".", "..", "a/b", "../a", "/a", `a\b`, "a\x00b", strings.Repeat("x", 256)} {
				for _, call := range calls {
					if call.do(name) == nil {
						return fmt.Errorf("%s %.20q gave no error", call.what, name)
					}
				}
			}
			return files(d, "ok")
		})},

		{"actors of one host have separate folders", system(func(env actors.Env) error {
			for _, path := range []string{"here/a", "here/b", "there/a"} {
				answer, err := env.Request(env.PID(path), value{"list"}, 0)
				if err != nil {
					return err
				}
				if err := unlike(path, strings.Join(answer.(lines).Lines, " "), strings.ReplaceAll(path, "/", "-")); err != nil {
					return err
				}
			}
			return nil
		}, at("here/a", keeper("here-a")), at("here/b", keeper("here-b")), at("there/a", keeper("there-a")))},
	}
}

func second[A any](_ A, err error) error { return err }
