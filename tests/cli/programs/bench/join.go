// Package bench is what a benchmark in CI is of: small, and with an escape that a change may add.
package bench

import "strings"

type word struct {
	text string
	next *word
}

// Join splits a text and joins it by commas, last word first.
func Join(text string) string {
	var last *word
	for _, part := range strings.Fields(text) {
		last = &word{part, last}
	}
	var out strings.Builder
	for ; last != nil; last = last.next {
		out.WriteString(last.text)
		out.WriteByte(',')
		note(last)
	}
	return out.String()
}

var notes [16]*int

func note(w *word) {
	// EXTRA: n := len(w.text); notes[n%16] = &n
}
