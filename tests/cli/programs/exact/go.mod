module escprof.test/exact

go 1.22
