module escprof.test/commits/ccache

go 1.22

replace escprof.test/validate => ../../programs

require (
	escprof.test/validate v0.0.0
	github.com/karlseguin/ccache/v3 v3.0.7
)
