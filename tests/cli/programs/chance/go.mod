module escprof.test/chance

go 1.18
