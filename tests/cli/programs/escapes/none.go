package main

import "unicode/utf8"

//go:noinline
func lastLetter(word string) rune {
	letters := []rune(word)
	return letters[len(letters)-1]
}

//go:noinline
func lastLetterFixed(word string) rune {
	letter, _ := utf8.DecodeLastRuneInString(word)
	return letter
}
