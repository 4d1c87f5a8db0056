package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A rewrite's record, kept as files.json for the comparison.
type record struct {
	Packages []string          // that were rewritten
	Logs     string            // where the compiler's JSON goes
	Files    map[string]string // new name to the original's
}

type listed struct {
	Dir, ImportPath               string
	Standard                      bool
	GoFiles, CgoFiles, EmbedFiles []string
}

// list is `go list -deps` of the packages, in the current folder.
func list(arguments ...string) ([]listed, error) {
	command := exec.Command("go", append([]string{"list", "-deps", "-json=Dir,ImportPath,Standard,GoFiles,CgoFiles,EmbedFiles"}, arguments...)...)
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return nil, err
	}
	var packages []listed
	for decoder := json.NewDecoder(bytes.NewReader(output)); decoder.More(); {
		var p listed
		if err := decoder.Decode(&p); err != nil {
			return nil, err
		}
		packages = append(packages, p)
	}
	return packages, nil
}

// leftAlone names the runtime and what it is made of: the compiler knows some of that by name, and there are no verdicts of it.
func leftAlone() (map[string]bool, error) {
	alone := map[string]bool{"unsafe": true}
	packages, err := list("runtime")
	for _, p := range packages {
		alone[p.ImportPath] = true
	}
	return alone, err
}

// rewritePackage adds all files of P to the overlay under names that no other package has: the compiler names the files
// of its JSON by base names, and would overwrite one with the other.
func rewritePackage(p listed, index int, folder string, overlay, files map[string]string) (bool, error) {
	var sources []*rewritten
	for _, name := range p.GoFiles {
		path := filepath.Join(p.Dir, name)
		source, err := os.ReadFile(path)
		if err != nil {
			return false, err
		}
		if hasDirectives(source) {
			return false, nil
		}
		r, err := rewrite(source)
		if err != nil {
			return false, fmt.Errorf("%s: %v", path, err)
		}
		sources = append(sources, r)
	}
	for i, name := range p.GoFiles {
		renamed := fmt.Sprintf("p%04d.%s", index, name)
		if slices.Contains(p.EmbedFiles, name) { // it must be there under its own name
			renamed = name
		}
		target := filepath.Join(folder, fmt.Sprintf("p%04d.%s", index, name))
		if err := os.WriteFile(target, sources[i].text, 0o666); err != nil {
			return false, err
		}
		overlay[filepath.Join(p.Dir, name)] = ""
		overlay[filepath.Join(p.Dir, renamed)] = target
		files[filepath.Join(p.Dir, renamed)] = filepath.Join(p.Dir, name)
	}
	return true, nil
}

// rewriteProgram writes overlay.json, files.json and the arguments of go build, one a line, to FOLDER.
func rewriteProgram(arguments []string) (bool, error) {
	standard := arguments[0] == "-std"
	if standard {
		arguments = arguments[1:]
	}
	if len(arguments) != 2 {
		return false, fmt.Errorf("rewrite takes a folder and a package")
	}
	return true, rewriteTo(arguments[0], standard, arguments[1])
}

func rewriteTo(folder string, standard bool, program string) error {
	packages, err := list(program)
	if err != nil {
		return err
	}
	alone, err := leftAlone()
	if err != nil {
		return err
	}
	sources := filepath.Join(folder, "sources")
	if err := os.MkdirAll(sources, 0o777); err != nil {
		return err
	}
	// A new name each time: what the go command finds in its cache writes no JSON.
	logs, err := os.MkdirTemp(folder, "json")
	if err != nil {
		return err
	}
	overlay, kept := map[string]string{}, record{Logs: logs, Files: map[string]string{}}
	arguments := []string{"-overlay=" + filepath.Join(folder, "overlay.json")}
	for i, p := range packages {
		if alone[p.ImportPath] || p.Standard && !standard || len(p.CgoFiles) > 0 {
			continue
		}
		done, err := rewritePackage(p, i, sources, overlay, kept.Files)
		if err != nil {
			return err
		}
		if !done {
			fmt.Fprintln(os.Stderr, "left alone, it has line directives:", p.ImportPath)
			continue
		}
		kept.Packages = append(kept.Packages, p.ImportPath)
		arguments = append(arguments, fmt.Sprintf("-gcflags=%s=-m -json=0,%s", p.ImportPath, logs))
	}
	if err := writeJSON(filepath.Join(folder, "overlay.json"), map[string]any{"Replace": overlay}); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "arguments"), []byte(strings.Join(arguments, "\n")+"\n"), 0o666); err != nil {
		return err
	}
	return writeJSON(filepath.Join(folder, "files.json"), kept)
}

func writeJSON(path string, value any) error {
	text, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o666)
}
