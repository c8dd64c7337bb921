package models

import "testing"

// R70: a photo is absent until it is stored, and then it is what was stored.
func TestApplyPhoto(t *testing.T) {
	state, out := ApplyPhoto("", ShowPhoto{ID: "p"})
	if state != "" || out != "" {
		t.Errorf("before it is stored, showing it gives %q and leaves %q", out, state)
	}
	state, out = ApplyPhoto(state, StorePhoto{ID: "p", Content: "sea"})
	if state != "sea" || out != "" {
		t.Errorf("storing it gives %q and leaves %q", out, state)
	}
	if state, out = ApplyPhoto(state, ShowPhoto{ID: "p"}); state != "sea" || out != "sea" {
		t.Errorf("showing it gives %q and leaves %q", out, state)
	}
}

func TestPhotoOpsReadBack(t *testing.T) {
	for _, op := range []PhotoOp{StorePhoto{ID: "p0.1", Content: "sea \"x\""}, ShowPhoto{ID: "p0.1"}, StorePhoto{ID: "a b", Content: "c"}} {
		back, err := ParsePhotoOp(op.String())
		if err != nil || back != op {
			t.Errorf("%v reads back as %v: %v", op, back, err)
		}
	}
	for _, text := range []string{"", "store", "store p", "show p q", "hide p"} {
		if op, err := ParsePhotoOp(text); err == nil {
			t.Errorf("%q reads as %v", text, op)
		}
	}
}
