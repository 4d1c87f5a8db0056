module escprof.test/commits/expfmt

go 1.22

require (
	escprof.test/validate v0.0.0
	github.com/prometheus/client_model v0.0.0-20190129233127-fd36f4220a90
	github.com/prometheus/common v0.2.0
)

require (
	github.com/golang/protobuf v1.2.0 // indirect
	github.com/matttproud/golang_protobuf_extensions v1.0.1 // indirect
)

replace escprof.test/validate => ../../programs
