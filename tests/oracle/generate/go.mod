module escprof.test/oracle/generate

go 1.22
