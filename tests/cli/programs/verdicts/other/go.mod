module escprof.test/other

go 1.22
