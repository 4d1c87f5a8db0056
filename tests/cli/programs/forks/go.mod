module escprof.test/forks

go 1.18
