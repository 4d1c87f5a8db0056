module escprof.test/repeat

go 1.22
