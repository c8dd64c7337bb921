package actors

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/asynkron/protoactor-go/actor"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

var (
	pidType = reflect.TypeOf(actor.PID{})
	pidName = (*actor.PID)(nil).ProtoReflect().Descriptor().FullName()
)

// checkMessage walks a type that travels as CBOR.
func checkMessage(t reflect.Type) error {
	s := t
	if s.Kind() == reflect.Pointer {
		s = s.Elem()
	}
	if s.Kind() != reflect.Struct {
		return fmt.Errorf("%v is no struct and no pointer to a struct", t)
	}
	return checkField(s, t.String(), map[reflect.Type]bool{}, false)
}

// checkField walks a type; path names the field for the error. Where interfaces are
// allowed their content has a type that was checked for itself.
func checkField(t reflect.Type, path string, seen map[reflect.Type]bool, interfaces bool) error {
	if t == pidType {
		return errPID(path)
	}
	if interfaces && t.Kind() == reflect.Interface {
		return nil
	}
	switch t.Kind() {
	case reflect.Interface, reflect.Func, reflect.Chan, reflect.Uintptr, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128:
		return fmt.Errorf("%s is a %v, which cannot travel", path, t.Kind())
	case reflect.Pointer, reflect.Slice, reflect.Array:
		if seen[t] {
			return nil
		}
		seen[t] = true
		return checkField(t.Elem(), path+"[]", seen, interfaces)
	case reflect.Map:
		if seen[t] {
			return nil
		}
		seen[t] = true
		if err := checkField(t.Key(), path+"[key]", seen, interfaces); err != nil {
			return err
		}
		return checkField(t.Elem(), path+"[]", seen, interfaces)
	case reflect.Struct:
		if seen[t] {
			return nil
		}
		seen[t] = true
		for i := range t.NumField() {
			f := t.Field(i)
			if !f.IsExported() {
				return fmt.Errorf("%s.%s is unexported, so it would be lost", path, f.Name)
			}
			if fieldTag(f) == "-" {
				return fmt.Errorf(`%s.%s is tagged "-", so it would be lost`, path, f.Name)
			}
			if err := checkField(f.Type, path+"."+f.Name, seen, interfaces); err != nil {
				return err
			}
		}
		return checkNames(t, path, map[string]string{}, map[reflect.Type]bool{})
	}
	return nil
}

// fieldTag returns the tag that says how a field travels.
func fieldTag(f reflect.StructField) string {
	if tag := f.Tag.Get("cbor"); tag != "" {
		return tag
	}
	return f.Tag.Get("json")
}

// checkNames looks for fields of one name on the wire, where the fields of a
// struct and of what it embeds lie side by side; taken has those seen so far. The
// codec would drop one of them, or both, in silence.
func checkNames(t reflect.Type, path string, taken map[string]string, embedded map[reflect.Type]bool) error {
	if embedded[t] {
		return fmt.Errorf("%s is %v, which is embedded twice, so it would be lost", path, t)
	}
	embedded[t] = true
	for i := range t.NumField() {
		f := t.Field(i)
		at := path + "." + f.Name
		name, _, _ := strings.Cut(fieldTag(f), ",")
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if f.Anonymous && inner.Kind() == reflect.Struct && name == "" {
			if err := checkNames(inner, at, taken, embedded); err != nil {
				return err
			}
			continue
		}
		if name == "" {
			name = f.Name
		}
		if other, ok := taken[name]; ok {
			return fmt.Errorf("%s and %s are both %q on the wire, so one would be lost", other, at, name)
		}
		taken[name] = at
	}
	return nil
}

// checkProto looks for PIDs in a protobuf message.
func checkProto(m proto.Message) error {
	d := m.ProtoReflect().Descriptor()
	return checkDescriptor(d, string(d.Name()), map[protoreflect.FullName]bool{})
}

// checkDescriptor walks a protobuf schema; path names the field for the error.
func checkDescriptor(d protoreflect.MessageDescriptor, path string, seen map[protoreflect.FullName]bool) error {
	if d.FullName() == pidName {
		return errPID(path)
	}
	if seen[d.FullName()] {
		return nil
	}
	seen[d.FullName()] = true
	fields := d.Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if inner := f.Message(); inner != nil {
			if err := checkDescriptor(inner, path+"."+string(f.Name()), seen); err != nil {
				return err
			}
		}
	}
	return nil
}

func errPID(path string) error {
	return fmt.Errorf("%s is a PID: send its path, host/actor", path)
}
