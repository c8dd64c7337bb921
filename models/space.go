package models

// A Space describes the objects of one space, as in the text
//
//	space friendlists key username attributes string first, string last,
//	set(string) friends tolerate 2 failures create 8 partitions
type Space struct {
	Name       string
	Key        string // the name of the key, a string
	Attributes []Attribute
	Subspaces  [][]string // names of attributes; parsed and printed, not used for placement
	Indexes    []string
	Tolerate   int // failures; 1 unless the text says otherwise
	Partitions int // regions by hash of the key; 64 unless the text says otherwise
}

// An Attribute is a typed name.
type Attribute struct {
	Name string
	Kind Kind
}
