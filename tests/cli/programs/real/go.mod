module escprof.test/real

go 1.22

require (
	github.com/yuin/goldmark v1.8.6
	go.starlark.net v0.0.0-20240925182052-1207426daebd
	golang.org/x/net v0.33.0
)

require golang.org/x/sys v0.28.0 // indirect
