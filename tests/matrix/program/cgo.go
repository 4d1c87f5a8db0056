//go:build withc

package main

// static int twice(int n) { return 2 * n; }
import "C"

func init() { numbers[0] = int(C.twice(C.int(numbers[0]))) }
