module escprof.test/commits/zap

go 1.22

replace escprof.test/validate => ../../programs

require (
	escprof.test/validate v0.0.0
	go.uber.org/zap v1.9.0
)

require (
	github.com/pkg/errors v0.9.1 // indirect
	github.com/stretchr/testify v1.12.1 // indirect
	go.uber.org/atomic v1.3.2 // indirect
	go.uber.org/multierr v1.1.0 // indirect
)
