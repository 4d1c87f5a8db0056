module escprof.test/labels

go 1.18
