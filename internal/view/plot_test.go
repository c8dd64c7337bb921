package view

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// R53: the plot is one file that loads nothing, runs nothing and shows every curve;
// names from a run are text.
func TestPlotIsSelfContained(t *testing.T) {
	var page bytes.Buffer
	err := Plot(&page, Page{Title: "tickets/<collapse>", Verdict: "PASS", Plan: "plan 1\n"},
		[]Band{{Name: "load 10", Until: 5 * time.Second}, {Name: "load 50", From: 5 * time.Second, Until: 10 * time.Second}},
		[]Chart{{Name: "users served a second", Curves: []Curve{
			{Name: "sync", Points: []Point{{0, 10}, {5 * time.Second, 20}, {10 * time.Second, 0}}},
			{Name: "<script>alert(1)</script>", Points: []Point{{0, 10}, {10 * time.Second, 12}}},
		}}})
	if err != nil {
		t.Fatal(err)
	}
	html := page.String()
	for _, want := range []string{
		"default-src &#39;none&#39;", "tickets/&lt;collapse&gt;", "users served a second", "load 50", ">sync<",
		`points="50,97 400,22 750,172 "`, "&lt;script&gt;alert(1)", ">10s<", ">20<",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	for _, never := range []string{"<script", "http://", "https://", "src=", "href="} {
		if strings.Contains(strings.ReplaceAll(html, "http://www.w3.org/2000/svg", ""), never) {
			t.Errorf("the page has %s", never)
		}
	}
}

func TestLinesOfAPlotAreRound(t *testing.T) {
	for most, want := range map[int64]int64{0: 1, 1: 1, 6: 1, 7: 2, 30: 5, 31: 10, 60: 10, 500: 100, 1200: 200} {
		if got := stepOf(most); got != want {
			t.Errorf("up to %d the lines are %d apart, want %d", most, got, want)
		}
	}
}
