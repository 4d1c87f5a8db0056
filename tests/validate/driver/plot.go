package main

import (
	"bytes"
	"fmt"
	"html"
	"math"
)

// Of a plot, in pixels: its two panels stand side by side, and share the axis of what was measured.
const (
	panelSize   = 380
	panelTop    = 84
	panelLeft   = 66
	panelGap    = 34
	plotWidth   = panelLeft + 2*panelSize + panelGap + 26
	plotHeight  = panelTop + panelSize + 62
	panelSecond = panelLeft + panelSize + panelGap
)

const plotStyle = `<style>:root{color-scheme:light dark}.paper{fill:#fff}.ink{fill:#24292f}.pale{fill:#59636e}.grid{stroke:#d8dee4}.frame{stroke:#8c959f;fill:none}
.zero{stroke:#8c959f}.right{stroke:#8c959f;stroke-dasharray:5 4}.in{stroke:#2166ac;fill:#2166ac}.out{stroke:#c4500c;fill:#c4500c}.bar{stroke-opacity:.32;stroke-width:1.5}.dot{stroke:none;fill-opacity:.85}
@media(prefers-color-scheme:dark){.paper{fill:#0d1117}.ink{fill:#e6edf3}.pale{fill:#9198a1}.grid{stroke:#2a313c}.frame,.zero,.right{stroke:#6e7681}.in{stroke:#79b8ff;fill:#79b8ff}.out{stroke:#ffa657;fill:#ffa657}}</style>
`

// An axis goes from low to high, and has a line at every whole multiple of step.
type axis struct{ low, high, step float64 }

// axisFor holds all values from -1 on, with ends that are multiples of a step such that there are at most some ten lines.
func axisFor(values []float64) axis {
	low, high := 0.0, 0.1
	for _, value := range values {
		if !math.IsNaN(value) {
			low, high = math.Min(low, math.Max(-1, value)), math.Max(high, value)
		}
	}
	step := 0.05
	for _, wider := range []float64{0.1, 0.2, 0.5, 1} {
		if (high-low)/step > 10 {
			step = wider
		}
	}
	return axis{step * math.Floor(low/step+1e-9), step * math.Ceil(high/step-1e-9), step}
}

// at is where VALUE is, from 0 to 1; what is beyond an end is at the end.
func (a axis) at(value float64) float64 {
	return math.Max(0, math.Min(1, (value-a.low)/(a.high-a.low)))
}

// lines are the values that have one.
func (a axis) lines() []float64 {
	var values []float64
	for i := math.Round(a.low / a.step); i <= math.Round(a.high/a.step); i++ {
		values = append(values, i*a.step)
	}
	return values
}

// A panel is one of the two: x is what the savings were ranked by, y what was measured.
type panel struct {
	left float64
	x, y axis
}

func (p *panel) atX(value float64) float64 { return p.left + panelSize*p.x.at(value) }
func (p *panel) atY(value float64) float64 { return panelTop + panelSize*(1-p.y.at(value)) }

// grid draws the panel's lines and their numbers, and says what is along x.
func (p *panel) grid(out *bytes.Buffer, caption, inside string, numbered bool) {
	right, bottom := p.left+panelSize, float64(panelTop+panelSize)
	mark := map[bool]string{true: "zero", false: "grid"}
	for _, value := range p.x.lines() {
		x := p.atX(value)
		fmt.Fprintf(out, `<line class="%s" x1="%.1f" x2="%.1f" y1="%d" y2="%.1f"/>`, mark[value == 0], x, x, panelTop, bottom)
		fmt.Fprintf(out, `<text class="pale" x="%.1f" y="%.1f" text-anchor="middle">%.0f</text>`+"\n", x, bottom+18, 100*value)
	}
	for _, value := range p.y.lines() {
		y := p.atY(value)
		fmt.Fprintf(out, `<line class="%s" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`+"\n", mark[value == 0], p.left, right, y, y)
		if numbered {
			fmt.Fprintf(out, `<text class="pale" x="%.1f" y="%.1f" text-anchor="end">%.0f</text>`+"\n", p.left-8, y+4, 100*value)
		}
	}
	fmt.Fprintf(out, `<rect class="frame" x="%.1f" y="%d" width="%d" height="%d"/>`+"\n", p.left, panelTop, panelSize, panelSize)
	fmt.Fprintf(out, `<text class="ink" x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, p.left+panelSize/2, bottom+42, caption)
	fmt.Fprintf(out, `<text class="ink" x="%.1f" y="%d" font-weight="600">%s</text>`+"\n", p.left, panelTop-10, inside)
}

func class(p *pair) string { return map[bool]string{true: "in", false: "out"}[p.covered()] }

// point draws a pair with what is known of its error: from LOW to HIGH along x, the measurement's own along y.
func (p *panel) point(out *bytes.Buffer, one *pair, value, low, high, radius float64) {
	x, y := p.atX(value), p.atY(one.saved)
	if low < high {
		fmt.Fprintf(out, `<line class="bar %s" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, class(one), p.atX(low), p.atX(high), y, y)
	}
	if one.noise > 0 {
		fmt.Fprintf(out, `<line class="bar %s" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, class(one), x, x,
			p.atY(one.saved-1.96*one.noise), p.atY(one.saved+1.96*one.noise))
	}
	if one.saved < p.y.low { // it lies below the panel
		fmt.Fprintf(out, `<path class="dot %s" d="M%.1f %.1fl-5-9h10z"/><text class="pale" x="%.1f" y="%.1f">%.0f</text>`+"\n", class(one),
			x, y, x+8, y-3, 100*one.saved)
		return
	}
	fmt.Fprintf(out, `<circle class="dot %s" cx="%.1f" cy="%.1f" r="%.1f"><title>%s</title></circle>`+"\n", class(one), x, y, radius,
		html.EscapeString(fmt.Sprintf("%s %s: predicted %.1f, measured %.1f", one.workload, one.site, 100*one.predicted, 100*one.saved)))
}

// plot draws measured savings against what predicts them, as SVG: on the left the model with its intervals, and the
// line on which all would lie if every prediction were right; on the right the share of the program's bytes.
func plot(title string, pairs []pair) []byte {
	var out bytes.Buffer
	var predicted, saved []float64
	for _, p := range pairs {
		predicted, saved = append(predicted, p.predicted), append(saved, p.saved)
	}
	shares, _ := sharesOf(pairs)
	byShares, _ := byShare(pairs)
	model := panel{panelLeft, axisFor(predicted), axisFor(saved)}
	size := panel{panelSecond, axisFor(shares), model.y}
	radius := 4.0
	if len(pairs) > 60 {
		radius = 3
	}
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" width="%[1]d" height="%[2]d" font-family="system-ui,sans-serif" font-size="13">
%[3]s<rect class="paper" width="%[1]d" height="%[2]d"/><text class="ink" x="%[4]d" y="30" font-size="17" font-weight="600">%[5]s</text>
`, plotWidth, plotHeight, plotStyle, panelLeft, html.EscapeString(title))
	legend(&out)
	model.grid(&out, "predicted by the model, with its 95 % interval", "ρ "+figure("%.2f", spearman(predicted, saved)), true)
	size.grid(&out, "% of the program’s bytes", "ρ "+figure("%.2f", byShares), false)
	low, high := math.Max(model.x.low, model.y.low), math.Min(model.x.high, model.y.high)
	fmt.Fprintf(&out, `<line class="right" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`+"\n", model.atX(low), model.atY(low),
		model.atX(high), model.atY(high))
	for i := range pairs {
		model.point(&out, &pairs[i], pairs[i].predicted, pairs[i].low, pairs[i].high, radius)
		size.point(&out, &pairs[i], shares[i], 0, 0, radius)
	}
	fmt.Fprintf(&out, `<text class="ink" transform="translate(20,%d) rotate(-90)" text-anchor="middle">measured: %% of GC CPU saved</text></svg>`+"\n",
		panelTop+panelSize/2)
	return out.Bytes()
}

func legend(out *bytes.Buffer) {
	for i, item := range []struct{ class, words string }{{"in", "in the interval"}, {"out", "not in it"}} {
		x := plotWidth - 260 + 140*i
		fmt.Fprintf(out, `<circle class="dot %s" cx="%d" cy="26" r="4"/><text class="pale" x="%d" y="30">%s</text>`+"\n", item.class, x, x+10, item.words)
	}
}
