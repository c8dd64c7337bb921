package view

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strconv"
	"strings"
	"time"
)

//go:embed plot.html
var plotPage string

//go:embed plot.css
var plotStyle string

var plotTemplate = template.Must(template.New("plot").Parse(plotPage))

// A Chart is some curves over the same time.
type Chart struct {
	Name   string // with the unit
	Curves []Curve
}

// A Curve is a value that changes.
type Curve struct {
	Name   string
	Points []Point
}

// A Point is the value of a Curve at a time of the run.
type Point struct {
	At    time.Duration
	Value int64
}

// A Band is a stretch of the run with a name, drawn behind all charts.
type Band struct {
	Name        string
	From, Until time.Duration
}

// Plot draws charts below each other, with a common axis of time, as one HTML file
// without scripts that loads nothing. It draws at most four curves of a chart in
// colours of their own.
func Plot(w io.Writer, p Page, bands []Band, charts []Chart) error {
	p = p.clean()
	var end time.Duration
	for _, c := range charts {
		for _, curve := range c.Curves {
			for _, point := range curve.Points {
				end = max(end, point.At)
			}
		}
	}
	var drawn []plotted
	for _, c := range charts {
		drawn = append(drawn, plot(c, bands, max(end, time.Second)))
	}
	sum := sha256.Sum256([]byte(plotStyle))
	err := plotTemplate.Execute(w, map[string]any{
		"Page": p, "Charts": drawn, "Style": template.CSS(plotStyle),
		"CSP":   "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'",
		"Width": plotLeft + plotWidth + plotRight, "Height": plotTop + plotHeight + plotBottom,
		"Left": plotLeft, "Right": plotLeft + plotWidth, "Top": plotTop, "Bottom": plotTop + plotHeight,
		"Tall": plotHeight, "Axis": plotTop + plotHeight + 16,
	})
	if err != nil {
		return fmt.Errorf("plot of %s: %w", p.Title, err)
	}
	return nil
}

// The size of one chart, in pixels.
const (
	plotLeft, plotWidth, plotRight  = 50, 700, 130
	plotTop, plotHeight, plotBottom = 22, 150, 26
)

// A plotted chart is one in coordinates, as the template wants it.
type plotted struct {
	Name   string
	Bands  []plottedBand
	Curves []plottedCurve
	Lines  []plottedLine // across, with their values
	Times  []plottedLine // marks on the axis
}

type plottedBand struct {
	X, Width int
	Name     string
}

type plottedCurve struct {
	Class, Name, Points string
	Y                   int // of the name
}

type plottedLine struct {
	At   int
	Text string
}

func plot(c Chart, bands []Band, end time.Duration) plotted {
	most := int64(1)
	for _, curve := range c.Curves {
		for _, p := range curve.Points {
			most = max(most, p.Value)
		}
	}
	step := stepOf(most)
	most = (most + step - 1) / step * step
	x := func(t time.Duration) int { return plotLeft + int(int64(t)*plotWidth/int64(end)) }
	y := func(v int64) int { return plotTop + plotHeight - int(max(v, 0)*plotHeight/most) }
	out := plotted{Name: Clean(c.Name)}
	for _, b := range bands {
		from, until := min(b.From, end), min(b.Until, end)
		out.Bands = append(out.Bands, plottedBand{X: x(from), Width: x(until) - x(from), Name: Clean(b.Name)})
	}
	for v := int64(0); v <= most; v += step {
		out.Lines = append(out.Lines, plottedLine{At: y(v), Text: strconv.FormatInt(v, 10)})
	}
	seconds := stepOf(int64(end / time.Second))
	for s := int64(0); time.Duration(s)*time.Second <= end; s += seconds {
		out.Times = append(out.Times, plottedLine{At: x(time.Duration(s) * time.Second), Text: strconv.FormatInt(s, 10) + "s"})
	}
	for i, curve := range c.Curves {
		var points strings.Builder
		for _, p := range curve.Points {
			fmt.Fprintf(&points, "%d,%d ", x(p.At), y(p.Value))
		}
		out.Curves = append(out.Curves, plottedCurve{
			Class: "curve c" + strconv.Itoa(i%4), Name: Clean(curve.Name), Points: points.String(), Y: plotTop + 12 + 16*i,
		})
	}
	return out
}

// stepOf is the distance of lines for values up to most: 1, 2 or 5 times a power of
// ten, about five of them.
func stepOf(most int64) int64 {
	for step := int64(1); ; step *= 10 {
		for _, s := range []int64{step, 2 * step, 5 * step} {
			if most <= 6*s {
				return s
			}
		}
	}
}
