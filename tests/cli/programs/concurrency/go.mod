module escprof.test/concurrency

go 1.18
