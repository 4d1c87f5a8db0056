module escprof.test/compare

go 1.21
