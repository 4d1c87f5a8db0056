module escprof.test/oracle/columns

go 1.22
