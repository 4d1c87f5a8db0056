module escprof.test/attached

go 1.22
