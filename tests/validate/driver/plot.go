package main

import (
	"bytes"
	"fmt"
	"html"
	"math"
)

const plotSize, plotMargin = 560, 60

// plot draws predicted against measured savings, as SVG: a point and its interval for each site, and the line on which
// all would lie if every prediction were right.
func plot(title string, pairs []pair) []byte {
	low, high := -0.1, 0.1
	for _, p := range pairs {
		low, high = math.Min(low, math.Min(p.saved, p.predicted)), math.Max(high, math.Max(p.saved, p.predicted))
	}
	low, high = math.Floor(low*10)/10, math.Ceil(high*10)/10
	at := func(value float64) float64 {
		value = math.Max(low, math.Min(high, value))
		return plotMargin + (value-low)/(high-low)*(plotSize-2*plotMargin)
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[1]d" font-family="sans-serif" font-size="12">
<style>:root{color-scheme:light dark}.ink{fill:#222}.line{stroke:#888}.bar{stroke:#4a7ebb;stroke-opacity:.45}.dot{fill:#1f5fa8}
@media(prefers-color-scheme:dark){.ink{fill:#ddd}.line{stroke:#999}.bar{stroke:#8ab4f8;stroke-opacity:.45}.dot{fill:#8ab4f8}}</style>
<text class="ink" x="%[2]d" y="24" font-size="15">%[3]s</text>
`, plotSize, plotMargin, html.EscapeString(title))
	for value := low; value <= high+1e-9; value += 0.1 {
		x := at(value)
		fmt.Fprintf(&out, `<line class="line" stroke-opacity=".25" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>`, x, x, plotMargin, plotSize-plotMargin)
		fmt.Fprintf(&out, `<line class="line" stroke-opacity=".25" y1="%.1f" y2="%.1f" x1="%d" x2="%d"/>`, plotSize-x, plotSize-x, plotMargin, plotSize-plotMargin)
		fmt.Fprintf(&out, `<text class="ink" x="%.1f" y="%d" text-anchor="middle">%.0f</text>`, x, plotSize-plotMargin+18, 100*value)
		fmt.Fprintf(&out, `<text class="ink" x="%d" y="%.1f" text-anchor="end">%.0f</text>`+"\n", plotMargin-6, plotSize-x+4, 100*value)
	}
	fmt.Fprintf(&out, `<line class="line" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`+"\n", at(low), plotSize-at(low), at(high), plotSize-at(high))
	for _, p := range pairs {
		x := at(p.saved)
		fmt.Fprintf(&out, `<line class="bar" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, x, x, plotSize-at(p.low), plotSize-at(p.high))
		fmt.Fprintf(&out, `<circle class="dot" cx="%.1f" cy="%.1f" r="3"><title>%s</title></circle>`+"\n", x, plotSize-at(p.predicted),
			html.EscapeString(fmt.Sprintf("%s %s: predicted %.1f, measured %.1f", p.workload, p.site, 100*p.predicted, 100*p.saved)))
	}
	fmt.Fprintf(&out, `<text class="ink" x="%d" y="%d" text-anchor="middle">measured: %% of GC CPU saved</text>`, plotSize/2, plotSize-14)
	fmt.Fprintf(&out, `<text class="ink" transform="translate(16,%d) rotate(-90)" text-anchor="middle">predicted</text></svg>`+"\n", plotSize/2)
	return out.Bytes()
}
