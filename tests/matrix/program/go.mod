module escprof.test/matrix

go 1.18
