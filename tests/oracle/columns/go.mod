module escprof.test/columns

go 1.22
