module escprof.test/family

go 1.18
