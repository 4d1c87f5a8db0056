module escprof.test/target

go 1.18
