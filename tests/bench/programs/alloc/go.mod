module escprof.test/bench/alloc

go 1.22
