package tickets

// A ticketIndex finds the place of a ticket by its number. Numbers are given in order, so
// those of the tickets there are lie close together: an index by pages of numbers takes
// four bytes a ticket, and the pages that it has are found in a map so small that it stays
// in the cache, however many tickets there are. A page is dropped with its last ticket,
// so one that stays for days holds back no more than its page.
type ticketIndex struct {
	pages map[ID]*indexPage // by the numbers' upper part
	count int
}

// indexPageSize is how many numbers share a page: so few that the worst case, one ticket
// in each page, costs no more than the tickets themselves do.
const indexPageSize = 64

type indexPage struct {
	places [indexPageSize]int32 // 1 more than the place, 0 for no ticket
	count  int
}

// find returns the place of a ticket.
func (x *ticketIndex) find(id ID) (int32, bool) {
	p := x.pages[id/indexPageSize]
	if p == nil {
		return 0, false
	}
	i := p.places[id%indexPageSize]
	return i - 1, i > 0
}

// add enters the place of a ticket that is not there yet.
func (x *ticketIndex) add(id ID, place int32) {
	p := x.pages[id/indexPageSize]
	if p == nil {
		p = &indexPage{}
		x.pages[id/indexPageSize] = p
	}
	p.places[id%indexPageSize] = place + 1
	p.count++
	x.count++
}

// remove forgets a ticket that is there.
func (x *ticketIndex) remove(id ID) {
	p := x.pages[id/indexPageSize]
	p.places[id%indexPageSize] = 0
	p.count--
	x.count--
	if p.count == 0 {
		delete(x.pages, id/indexPageSize)
	}
}
