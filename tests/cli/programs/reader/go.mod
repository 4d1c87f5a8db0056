module escprof.test/reader

go 1.22
