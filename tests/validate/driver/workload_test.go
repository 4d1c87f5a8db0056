package main

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"testing"
)

func TestCheckBytes(t *testing.T) {
	predicted := [][]string{{"w", "true", "a", "kind", "0", "0", "0", "100e6", "0"}}
	for _, c := range []struct {
		name          string
		full, without float64
		ok            bool
	}{
		{"a", 400e6, 300e6, true}, {"a", 400e6, 289e6, true}, {"a", 400e6, 311e6, true},
		{"a", 400e6, 280e6, false}, {"a", 400e6, 320e6, false}, {"", 400e6, 400e6, true}, {"b", 400e6, 400e6, true},
	} {
		if err := checkBytes(c.name, predicted, c.full, c.without); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// A site is switched off by the program; a module's change is in another program.
func TestCommand(t *testing.T) {
	w := workload{binary: "before", after: "after", args: []string{"-scale", "2"}}
	for _, c := range []struct {
		commit  bool
		without string
		want    []string
	}{
		{false, "", []string{"measure", "before", "-scale", "2"}},
		{false, "a", []string{"measure", "before", "-scale", "2", "-without", "a"}},
		{true, "", []string{"measure", "before", "-scale", "2"}},
		{true, changeSite, []string{"measure", "after", "-scale", "2"}},
	} {
		w.commit = c.commit
		if got := w.command(c.without, "measure").Args; !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestWorkloads(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, name, "sites")
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	o := options{programs: filepath.Join(root, "programs"), only: regexp.MustCompile("/gogc100"), gos: map[string]string{"go1.26": "go"}}
	write("programs/p", "a\tf\tkind\nb\tg\tkind\treused\n")
	write("commits/c", changeSite+"\tf\tkind\n")
	loads, err := workloads(&o)
	if err != nil || len(loads) != 2 || loads[0].commit || !loads[1].commit || !loads[0].sites[1].reused {
		t.Errorf("%+v: %v", loads, err)
	}
	write("commits/d", "a\tf\tkind\n")
	if _, err := workloads(&o); err == nil {
		t.Error("a change that is not named so is taken")
	}
}
