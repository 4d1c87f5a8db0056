module escprof.test/cgo

go 1.22
