module escprof.test/validate

go 1.22

require (
	github.com/google/btree v1.1.3
	google.golang.org/protobuf v1.36.5
)

require github.com/hashicorp/golang-lru/v2 v2.0.7
