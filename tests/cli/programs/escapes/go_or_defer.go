package main

type file struct{ open bool }

func (f *file) close() { f.open = false }

//go:noinline
func readAll(files []*file) {
	for _, f := range files {
		f.open = true
		defer f.close()
	}
}

//go:noinline
func readAllFixed(files []*file) {
	for _, f := range files {
		readOne(f)
	}
}

//go:noinline
func readOne(f *file) {
	f.open = true
	defer f.close()
}
