module escprof.test/steady

go 1.22
