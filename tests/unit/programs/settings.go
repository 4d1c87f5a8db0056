// Prints its build information as runtime/debug reads it, a NUL behind each part: the Go version, the main package's
// path, five parts a module (path, version, sum, the replacement's path and version), an empty part, and "KEY=VALUE" for
// each setting. Built for tests of what escprof reads from a program's file.
package main

import (
	"fmt"
	"runtime/debug"
)

var text string

func print(module debug.Module) {
	replacement, sum := module.Replace, module.Sum
	if replacement == nil {
		replacement = &debug.Module{}
	} else {
		sum = replacement.Sum
	}
	fmt.Printf("%s\x00%s\x00%s\x00", module.Path, module.Version, sum)
	fmt.Printf("%s\x00%s\x00", replacement.Path, replacement.Version)
}

func main() {
	info, _ := debug.ReadBuildInfo()
	fmt.Printf("%s\x00%s\x00", info.GoVersion, info.Path)
	print(info.Main)
	for _, module := range info.Deps {
		print(*module)
	}
	fmt.Print("\x00")
	for _, setting := range info.Settings {
		fmt.Printf("%s=%s\x00", setting.Key, setting.Value)
	}
}
