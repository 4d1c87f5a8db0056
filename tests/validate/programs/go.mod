module escprof.test/validate

go 1.22
