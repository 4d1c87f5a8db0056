module escprof.test/bench/documents

go 1.22
