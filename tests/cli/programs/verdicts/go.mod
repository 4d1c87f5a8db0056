module escprof.test/verdicts

go 1.22

require escprof.test/other v0.0.0

replace escprof.test/other => ./other
