package faults

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// String prints the fault as [ParseFault] reads it, with single spaces:
//
//	12ms power-loss daemon1 for 40ms
//	12ms crash daemon1,daemon2 for 1s programs
//	at wal.before-sync#3 of daemon2 power-loss all
//	30ms partition daemon1,c0 | daemon2,daemon3 for 2s
//	30ms cut daemon1 > daemon2 for 2s
//	5ms isolate daemon3
//	5ms slow daemon3 by 20 for 1s
//	5ms clock-step daemon3 by -4m48s
//	5ms drop-message store.ack#2 daemon2 > daemon1
//	5ms replay store.ack#2 daemon2 > daemon1 for 1s
//	5ms replay store.ack#2 all > all for 1s
//	1s heal
func (f Fault) String() string {
	var b strings.Builder
	if f.Point != "" {
		fmt.Fprintf(&b, "at %s#%d of %s %s", f.Point, f.Nth, f.Host, f.Kind)
	} else {
		fmt.Fprintf(&b, "%v %s", f.At, f.Kind)
	}
	form := f.Kind.form()
	if form.msg {
		fmt.Fprintf(&b, " %s#%d", f.Message, f.Count)
	}
	if len(f.Hosts) > 0 {
		b.WriteString(" " + strings.Join(f.Hosts, ","))
	}
	if form.sep != "" {
		b.WriteString(" " + form.sep + " " + strings.Join(f.Others, ","))
	}
	if form.factor {
		fmt.Fprintf(&b, " by %d", f.Factor)
	}
	if form.step {
		fmt.Fprintf(&b, " by %v", f.Step)
	}
	if f.For != 0 {
		fmt.Fprintf(&b, " for %v", f.For)
	}
	if f.Programs {
		b.WriteString(" programs")
	}
	return b.String()
}

// form returns how the faults of a kind are written; also of one that is none.
func (k Kind) form() form {
	if k < kinds {
		return forms[k]
	}
	return form{}
}

// ParseFault reads what Fault.String prints, with any number of spaces. It knows
// no topology: whether the hosts exist is for the caller to say. Its errors are
// of type [*SyntaxError].
func ParseFault(text string) (Fault, error) {
	var f Fault
	w := NewWords(text)
	if err := f.parseStart(w); err != nil {
		return Fault{}, err
	}
	if err := f.parseTarget(w); err != nil {
		return Fault{}, err
	}
	if err := f.parseExtent(w); err != nil {
		return Fault{}, err
	}
	return f, w.End()
}

// parseStart reads "12ms" or "at wal.before-sync#3 of daemon2".
func (f *Fault) parseStart(w *Words) (err error) {
	first := w.Next()
	if first.Text != "at" {
		if f.At, err = first.Duration(); err != nil {
			return first.Expected("a time such as 12ms, or \"at POINT#N of HOST\"")
		}
		return nil
	}
	if f.Point, f.Nth, err = w.Next().counted("a point and its count such as wal.before-sync#3"); err != nil {
		return err
	}
	if of := w.Next(); of.Text != "of" {
		return of.Expected("\"of\" and the host that notes the point")
	}
	host := w.Next()
	if !validHost(host.Text) || host.Text == All {
		return host.Expected("the host that notes the point")
	}
	f.Host = host.Text
	return nil
}

// parseTarget reads the kind and who is hit.
func (f *Fault) parseTarget(w *Words) (err error) {
	kind := w.Next()
	k, ok := ParseKind(kind.Text)
	if !ok {
		return kind.Expected("a kind of fault such as crash or partition (docs/FAULTS.md has all)")
	}
	f.Kind = k
	form := k.form()
	if form.msg {
		if f.Message, f.Count, err = w.Next().counted("a type of message and its count such as store.ack#2"); err != nil {
			return err
		}
	}
	if k == Heal || f.Point != "" && form.sep == "" && !validHost(strings.Split(w.Peek().Text, ",")[0]) {
		return nil
	}
	if f.Hosts, err = w.Next().hosts(k.HitsHosts() || form.msg); err != nil || form.sep == "" {
		return err
	}
	if word := w.Next(); word.Text != form.sep {
		return word.Expected(fmt.Sprintf("%q and the other hosts", form.sep))
	}
	others := w.Next()
	if f.Others, err = others.hosts(form.msg); err != nil {
		return err
	}
	for _, h := range f.Others {
		if h != All && slices.Contains(f.Hosts, h) {
			return &SyntaxError{Column: others.Column, Msg: fmt.Sprintf("host %s is on both sides", h)}
		}
	}
	return nil
}

// parseExtent reads how much, how long, and what comes back.
func (f *Fault) parseExtent(w *Words) (err error) {
	form := f.Kind.form()
	if form.factor || form.step {
		if by := w.Next(); by.Text != "by" {
			return by.Expected("\"by\" and how much")
		}
		word := w.Next()
		if form.factor {
			if f.Factor, err = strconv.Atoi(word.Text); err != nil || f.Factor < 2 || f.Factor > maxFactor {
				return word.Expected(fmt.Sprintf("a factor from 2 to %d", maxFactor))
			}
		} else if f.Step, err = time.ParseDuration(word.Text); err != nil || f.Step == 0 {
			return word.Expected("a step of the clock such as 5s or -288s")
		}
	}
	if form.lasts && w.Peek().Text == "for" {
		w.Next()
		word := w.Next()
		d, err := word.Duration()
		if err != nil || d == 0 {
			return word.Expected("a duration such as 40ms; without \"for\" it lasts until everything heals")
		}
		f.For = d
	}
	if f.Kind.Down() && w.Peek().Text == "programs" {
		w.Next()
		f.Programs = true
	}
	return nil
}

const maxFactor = 100_000

// counted reads "store.ack#2".
func (w Word) counted(want string) (name string, n int, err error) {
	hash := strings.LastIndexByte(w.Text, '#')
	if hash <= 0 || strings.ContainsAny(w.Text, "\r\n") {
		return "", 0, w.Expected(want)
	}
	n, err = strconv.Atoi(w.Text[hash+1:])
	if err != nil || n < 1 {
		return "", 0, w.after(hash + 1).Expected("a count from 1")
	}
	return w.Text[:hash], n, nil
}

// hosts reads "daemon1,daemon2".
func (w Word) hosts(all bool) ([]string, error) {
	names := strings.Split(w.Text, ",")
	column := w.Column
	for i, name := range names {
		at := Word{Text: name, Column: column}
		switch {
		case !validHost(name):
			return nil, at.Expected("a host")
		case name == All && (!all || len(names) > 1):
			return nil, at.Expected("hosts by name")
		case slices.Contains(names[:i], name):
			return nil, &SyntaxError{Column: column, Msg: fmt.Sprintf("host %s is named twice", name)}
		}
		column += len(name) + 1
	}
	return names, nil
}

// validHost reports whether a word can be a host in a fault: no word of the
// grammar itself.
func validHost(name string) bool {
	switch name {
	case "", "for", "by", "programs", "|", ">":
		return false
	}
	return !strings.ContainsAny(name, ",# \t\r\n")
}

// Validate reports a fault that cannot be in a plan: one that would come back
// from its text as another fault, or not at all.
func (f Fault) Validate() error {
	back, err := ParseFault(f.String())
	if err != nil {
		return fmt.Errorf("fault %q: %w", f, err)
	}
	same := slices.Equal(f.Hosts, back.Hosts) && slices.Equal(f.Others, back.Others)
	f.Hosts, f.Others, back.Hosts, back.Others = nil, nil, nil, nil
	if !same || !reflect.DeepEqual(f, back) {
		return fmt.Errorf("fault %q: has fields that its kind or its start does not use", f)
	}
	return nil
}
