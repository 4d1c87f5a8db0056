module escprof.test/validate

go 1.22

require (
	github.com/google/btree v1.1.3
	google.golang.org/protobuf v1.36.5
)

require (
	github.com/RoaringBitmap/roaring v1.9.4
	github.com/cespare/xxhash/v2 v2.3.0
	github.com/hashicorp/golang-lru/v2 v2.0.7
	github.com/pierrec/lz4/v4 v4.1.21
	github.com/vmihailenco/msgpack/v5 v5.4.1
	golang.org/x/sync v0.10.0
)

require (
	github.com/bits-and-blooms/bitset v1.12.0 // indirect
	github.com/mschoch/smat v0.2.0 // indirect
	github.com/vmihailenco/tagparser/v2 v2.0.0 // indirect
)
