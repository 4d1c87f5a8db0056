package bench

import "testing"

var sink string

func BenchmarkJoin(b *testing.B) {
	for i := 0; i < b.N; i++ {
		sink = Join("the quick brown fox jumps over the lazy dog and runs away")
	}
}
