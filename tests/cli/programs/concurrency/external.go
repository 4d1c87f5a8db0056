//go:build external

package main

import _ "runtime/cgo" // up to Go 1.18 the linker finds it only where it is imported
