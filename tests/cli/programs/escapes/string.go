package main

//go:noinline
func join(words []string) int {
	text := ""
	for _, word := range words {
		text += word
	}
	return len(text)
}

var buffer = make([]byte, 0, 1000)

//go:noinline
func joinFixed(words []string) int {
	buffer = buffer[:0]
	for _, word := range words {
		buffer = append(buffer, word...)
	}
	return len(buffer)
}
