package view

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/simrun/simrun/internal/trace"
)

// LanesRows is how many events a picture shows at most; of a longer trace it shows
// those that the failure follows from.
const LanesRows = 1500

//go:embed lanes.html
var lanesPage string

//go:embed lanes.css
var lanesStyle string

var lanesTemplate = template.Must(template.New("lanes").Parse(lanesPage))

// A Page names what Lanes draws.
type Page struct {
	Title   string // the scenario
	Verdict string
	Failure Failure
	Plan    string // its text
}

// clean makes control characters visible; html/template does the rest.
func (p Page) clean() Page {
	p.Title, p.Verdict = Clean(p.Title), Clean(p.Verdict)
	p.Failure.Check, p.Failure.Why = Clean(p.Failure.Check), Clean(p.Failure.Why)
	var plan strings.Builder
	for line := range strings.Lines(p.Plan) {
		plan.WriteString(Clean(strings.TrimSuffix(line, "\n")) + "\n")
	}
	p.Plan = plan.String()
	return p
}

// Lanes draws a run as one HTML file without scripts that loads nothing: a lane
// for each host, time running downwards, an arrow for each message between hosts.
// What the failure follows from is drawn in colour. Hovering shows the details.
func Lanes(w io.Writer, p Page, events []trace.Event) error {
	events = withSenders(events)
	in := explain(events, p.Failure, true).in
	d := &drawing{lane: map[string]int{}, row: map[int64]int{}, down: map[string]int{}}
	shown := pick(events, in)
	for _, i := range shown {
		d.add(events[i], in[i])
	}
	d.connect(events, shown, in)
	d.rest()
	p = p.clean()
	sum := sha256.Sum256([]byte(lanesStyle))
	err := lanesTemplate.Execute(w, map[string]any{
		"Page": p, "Drawing": d, "Story": Story(events, p.Failure),
		"Style":   template.CSS(lanesStyle),
		"CSP":     "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'",
		"Events":  len(events),
		"Shown":   len(shown),
		"Partial": len(shown) < len(events),
	})
	if err != nil {
		return fmt.Errorf("swim lanes of %s: %w", p.Title, err)
	}
	return nil
}

// pick returns the indices of the events to draw.
func pick(events []trace.Event, in []bool) []int {
	var all, explained []int
	for i, e := range events {
		local := e.Kind == trace.Send && hostOf(e.Peer) == e.Host
		if e.Kind == trace.Resume || local || e.Kind == trace.Disk && !in[i] {
			continue
		}
		all = append(all, i)
		if in[i] {
			explained = append(explained, i)
		}
	}
	if len(all) <= LanesRows {
		return all
	}
	return explained[max(0, len(explained)-LanesRows):]
}

const (
	laneLeft  = 130 // x of the first lane
	laneWidth = 190
	rowTop    = 60 // y of the first row
	rowHeight = 22
)

// A drawing is the picture in coordinates, as the template wants it.
type drawing struct {
	Width, Height int
	Lanes         []lane
	Marks         []mark
	Arrows        []arrow
	Down          []line

	lane map[string]int
	row  map[int64]int  // y by Seq
	down map[string]int // y at which a host went down that is still down
}

type lane struct {
	Name string
	X    int
	host string
}

type mark struct {
	X, Y               int
	Class, Time, Words string
	Title              string
}

type arrow struct {
	X1, Y1, X2, Y2 int
	Class, Title   string
}

type line struct{ X, Y1, Y2 int }

func (d *drawing) x(host string) int {
	i, ok := d.lane[host]
	if !ok {
		i = len(d.Lanes)
		d.lane[host] = i
		name := host
		if name == "" {
			name = "network"
		}
		d.Lanes = append(d.Lanes, lane{Name: Cut(name, 20), X: laneLeft + i*laneWidth, host: host})
	}
	return laneLeft + i*laneWidth
}

func (d *drawing) add(e trace.Event, explained bool) {
	y := rowTop + len(d.Marks)*rowHeight
	d.row[e.Seq] = y
	class := "mark " + e.Kind.String()
	if explained {
		class += " cause"
	}
	d.Marks = append(d.Marks, mark{
		X: d.x(e.Host), Y: y, Class: class, Time: clock(e.At), Words: Cut(short(e), 26),
		Title: fmt.Sprintf("#%d %s %s: %s", e.Seq, clock(e.At), Clean(e.Path), Words(e)),
	})
	switch from, down := d.down[e.Host]; {
	case e.Kind.Down():
		d.down[e.Host] = y
	case e.Kind == trace.Restart && down:
		d.Down = append(d.Down, line{X: d.x(e.Host), Y1: from, Y2: y})
		delete(d.down, e.Host)
	}
}

// short is Words for a lane, where an arrow shows the rest.
func short(e trace.Event) string {
	switch e.Kind {
	case trace.Send:
		return "→ " + Clean(e.Msg)
	case trace.Deliver:
		return "← " + Clean(e.Msg)
	case trace.Drop:
		return "✗ " + Clean(e.Msg)
	}
	return Words(e)
}

// connect draws an arrow from each send to what became of it. A message whose
// send is not shown starts at the step that sent it, or has no arrow.
func (d *drawing) connect(events []trace.Event, shown []int, in []bool) {
	sent := map[uint64]int{}
	for _, i := range shown {
		e := events[i]
		if e.Kind == trace.Send {
			sent[e.Key] = d.row[e.Seq]
		}
		if e.Kind != trace.Deliver && e.Kind != trace.Drop || hostOf(e.Peer) == e.Host {
			continue
		}
		from, ok := sent[e.Key]
		if !ok {
			if from, ok = d.row[e.Cause]; !ok {
				continue
			}
		}
		class := "arrow " + e.Kind.String()
		if in[i] {
			class += " cause"
		}
		d.Arrows = append(d.Arrows, arrow{
			X1: d.x(hostOf(e.Peer)), Y1: from, X2: d.x(e.Host), Y2: d.row[e.Seq],
			Class: class, Title: Clean(e.Msg + " " + e.Text),
		})
	}
}

// rest closes what is still open at the end of the run.
func (d *drawing) rest() {
	d.Height = rowTop + len(d.Marks)*rowHeight + 20
	d.Width = laneLeft + len(d.Lanes)*laneWidth
	for _, l := range d.Lanes {
		if from, down := d.down[l.host]; down {
			d.Down = append(d.Down, line{X: l.X, Y1: from, Y2: d.Height})
		}
	}
}
