package main

import "strings"

//go:noinline
func hasTag(key []byte, tag string) bool {
	text := string(key)
	return strings.HasSuffix(text, tag)
}

//go:noinline
func hasTagFixed(key []byte, tag string) bool {
	return len(key) >= len(tag) && string(key[len(key)-len(tag):]) == tag
}
