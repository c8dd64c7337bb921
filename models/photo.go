package models

import "strconv"

// A PhotoOp is an operation on one photo: StorePhoto writes it, which happens once a
// photo, and Show reads it.
type PhotoOp interface {
	// Photo is the name of the photo.
	Photo() string
	// String is the line of a plan that ParsePhotoOp reads.
	String() string
}

// The operations on photos.
type (
	// StorePhoto stores a photo.
	StorePhoto struct{ ID, Content string }
	// ShowPhoto shows a photo.
	ShowPhoto struct{ ID string }
)

// Photo returns the name of the photo.
func (s StorePhoto) Photo() string { return s.ID }

// Photo returns the name of the photo.
func (s ShowPhoto) Photo() string { return s.ID }

// String is: store p0.1 "sea".
func (s StorePhoto) String() string {
	return string(strconv.AppendQuote(append(appendName([]byte("store "), s.ID), ' '), s.Content))
}

// String is: show p0.1.
func (s ShowPhoto) String() string { return string(appendName([]byte("show "), s.ID)) }

// ParsePhotoOp reads what the String methods of StorePhoto and ShowPhoto print. An
// error is a *SyntaxError.
func ParsePhotoOp(text string) (PhotoOp, error) {
	s := &scanner{text: text}
	var op PhotoOp
	switch s.word() {
	case "store":
		p := StorePhoto{ID: s.name("a photo")}
		p.Content = s.name("its content")
		op = p
	case "show":
		op = ShowPhoto{ID: s.name("a photo")}
	default:
		s.fail(s.start, "%s is no operation: store or show", s.again())
	}
	s.done()
	if s.err != nil {
		return nil, s.err
	}
	return op, nil
}

// ApplyPhoto is the meaning of an operation on a photo whose content is state, "" if
// there is none. Showing it returns the content, storing it nothing.
func ApplyPhoto(state string, op PhotoOp) (next, out string) {
	if s, ok := op.(StorePhoto); ok {
		return s.Content, ""
	}
	return state, state
}

// StoredPhoto returns what an operation stores, and whether it stores anything.
func StoredPhoto(op PhotoOp) (content string, stores bool) {
	s, ok := op.(StorePhoto)
	return s.Content, ok
}
