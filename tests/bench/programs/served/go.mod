module escprof.test/bench/served

go 1.22
