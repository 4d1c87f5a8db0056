module escprof.test/generate

go 1.22
