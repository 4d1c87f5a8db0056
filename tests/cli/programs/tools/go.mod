module escprof.test/tools

go 1.21
