module escprof.test/driver

go 1.22
