// Package chance has a test that passes, but under escprof fails as CHANCE_TEST says: "once" (CHANCE_STATE is a file that is
// there from then on), in "company" of the other one only, or "alone" always and else once.
package chance

import (
	"bytes"
	"flag"
	"os"
	"testing"
)

// isProfiled: escprof's memory is in this process.
func isProfiled() bool {
	maps, _ := os.ReadFile("/proc/self/maps")
	return bytes.Contains(maps, []byte("memfd:escprof"))
}

// isFirst: it was not asked before.
func isFirst() bool {
	file, err := os.OpenFile(os.Getenv("CHANCE_STATE"), os.O_CREATE|os.O_EXCL, 0o644)
	file.Close()
	return err == nil
}

func TestIt(t *testing.T) {
	isAlone := flag.Lookup("test.run").Value.String() != ""
	if !isProfiled() {
		return
	}
	switch os.Getenv("CHANCE_TEST") {
	case "once":
		if isFirst() {
			t.Fail()
		}
	case "company":
		if !isAlone {
			t.Fail()
		}
	case "alone":
		if isAlone || isFirst() {
			t.Fail()
		}
	}
}

func TestOther(t *testing.T) {}
