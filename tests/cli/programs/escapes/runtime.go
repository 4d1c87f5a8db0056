package main

//go:noinline
func number(value any) (n int) {
	defer func() { recover() }()
	return value.(int)
}

//go:noinline
func numberFixed(value any) (n int) {
	n, _ = value.(int)
	return n
}
