package main

var places [16]*point

//go:noinline
func place(i int) {
	places[i%16] = &point{i, i}
}

var placeValues [16]point

//go:noinline
func placeFixed(i int) {
	placeValues[i%16] = point{i, i}
}
