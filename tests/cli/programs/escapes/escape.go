package main

//go:noinline
func middle(a, b point) *point {
	m := point{(a.x + b.x) / 2, (a.y + b.y) / 2}
	return &m
}

//go:noinline
func middleFixed(a, b point) point {
	m := point{(a.x + b.x) / 2, (a.y + b.y) / 2}
	return m
}
