module escprof.test/mixed

go 1.18
