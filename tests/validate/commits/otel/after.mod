module escprof.test/commits/otel

go 1.22

replace escprof.test/validate => ../../programs

require (
	escprof.test/validate v0.0.0
	go.opentelemetry.io/otel v1.22.0
	go.opentelemetry.io/otel/trace v1.22.0
)
