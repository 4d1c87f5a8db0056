package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// A site of a program, as its file of sites has it.
type site struct {
	name, focus, kind string
	reused            bool // its fix uses the objects again, so that what lives stays
}

// changeSite is the name of the one site of a program that is about a module's change.
const changeSite = "after"

type workload struct {
	program, setting, version string
	tuned                     bool
	env, args                 []string
	sites                     []site
	dir                       string // the package
	binary                    string
	commit                    bool   // its one removal is a module's newer version: after.mod instead of go.mod
	after                     string // the binary with that
}

type setting struct {
	name      string
	env, args []string
}

// tunedPrograms are those whose removals were looked at when the model was made. The others were not, and are what it
// is judged by.
var tunedPrograms = []string{"synthetic", "ast", "events", "index", "structs", "tables", "trees",
	"accounts", "documents", "ledger", "pages", "routes",
	"graph", "interpreter", "orders", "series", "sessions", "snapshots",
	"alerts", "brokers", "joins", "mails", "modules", "postings", "rules", "scenes", "worlds"}

// The program with most kinds of sites goes through all settings; the others through those that a service meets.
var allSettings = []setting{
	{"gogc50", []string{"GOGC=50"}, nil},
	{"gogc100", []string{"GOGC=100"}, nil},
	{"gogc400", []string{"GOGC=400"}, []string{"-scale", "3"}}, // some twenty cycles at least: fewer are a matter of chance
	{"limit", []string{"GOGC=off", "GOMEMLIMIT=90MiB"}, nil},
	{"small", []string{"GOGC=100"}, []string{"-live", "2"}},
	{"large1p", []string{"GOGC=100", "GOMAXPROCS=1"}, []string{"-live", "130", "-scale", "2"}},
	{"goroutines", []string{"GOGC=100"}, []string{"-goroutines", "10000"}},
	{"idle", []string{"GOGC=100"}, []string{"-workers", "1"}},
}

var otherSettings = []setting{
	{"gogc100", []string{"GOGC=100"}, nil},
	{"gogc300", []string{"GOGC=300"}, []string{"-scale", "2"}},
}

func (w *workload) name() string { return w.program + "/" + w.setting + "/" + w.version }

var versionPattern = regexp.MustCompile(`go1\.\d+`)

// goVersions asks each go command for its version.
func goVersions(commands []string) (map[string]string, error) {
	gos := map[string]string{}
	for _, command := range commands {
		cmd := exec.Command(command, "version")
		cmd.Env = append(os.Environ(), "GOTOOLCHAIN=local", "GOFLAGS=")
		text, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("%s version: %w", command, err)
		}
		gos[versionPattern.FindString(string(text))] = command
	}
	return gos, nil
}

func readSites(path string) ([]site, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var sites []site
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		fields := strings.Split(line, "\t")
		if len(fields) < 3 {
			return nil, fmt.Errorf("%s: not name, expression and kind: %q", path, line)
		}
		sites = append(sites, site{fields[0], fields[1], fields[2], len(fields) > 3 && fields[3] == "reused"})
	}
	return sites, nil
}

// workloads are all that OPTIONS ask for: every program with a file of sites.
func workloads(o *options) ([]workload, error) {
	files, err := filepath.Glob(filepath.Join(o.programs, "*", "sites"))
	if err != nil {
		return nil, err
	}
	commits, err := filepath.Glob(filepath.Join(o.programs, "..", "commits", "*", "sites"))
	if err != nil {
		return nil, err
	}
	files = append(files, commits...)
	var versions []string
	for version := range o.gos {
		versions = append(versions, version)
	}
	sort.Strings(versions)
	var loads []workload
	for _, file := range files {
		sites, err := readSites(file)
		if err != nil {
			return nil, err
		}
		program := filepath.Base(filepath.Dir(file))
		commit := filepath.Base(filepath.Dir(filepath.Dir(file))) == "commits"
		if commit && (len(sites) != 1 || sites[0].name != changeSite) {
			return nil, fmt.Errorf("%s: a module's change is one site, with the name %s", file, changeSite)
		}
		settings, tuned := otherSettings, slices.Contains(tunedPrograms, program)
		if program == "synthetic" {
			settings = allSettings
		}
		if limit, err := os.ReadFile(filepath.Join(filepath.Dir(file), "limit")); err == nil {
			env := []string{"GOGC=off", "GOMEMLIMIT=" + strings.TrimSpace(string(limit))}
			settings = append(slices.Clip(settings), setting{"limit", env, nil})
		} else if !os.IsNotExist(err) {
			return nil, err
		}
		for _, version := range versions {
			for _, s := range settings {
				w := workload{program: program, setting: s.name, version: version, tuned: tuned, env: s.env,
					args: s.args, sites: sites, dir: filepath.Dir(file), commit: commit}
				if o.only.MatchString(w.name()) {
					loads = append(loads, w)
				}
			}
		}
	}
	if len(loads) == 0 {
		return nil, fmt.Errorf("no workload is asked for: there are programs in %s, Go %v", o.programs, versions)
	}
	return loads, nil
}

// build makes the program once for each version of Go, and where it is about a commit, the program after that too.
func (w *workload) build(o *options) error {
	out, err := filepath.Abs(filepath.Join(o.out, w.program+"-"+w.version))
	if err != nil {
		return err
	}
	w.binary = out
	if w.commit {
		w.after = out + "-after"
		if err := w.buildTo(o, w.after, "-modfile=after.mod"); err != nil {
			return err
		}
	}
	return w.buildTo(o, out)
}

func (w *workload) buildTo(o *options, out string, options ...string) error {
	cmd := exec.Command(o.gos[w.version], append(append([]string{"build", "-o", out}, options...), ".")...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "GOTOOLCHAIN=local", "GOFLAGS=", "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, text)
	}
	return nil
}

// command is the program behind PREFIX, without the sites named WITHOUT; where it is about a commit, after that.
func (w *workload) command(without string, prefix ...string) *exec.Cmd {
	binary := w.binary
	if w.commit && without != "" {
		binary, without = w.after, ""
	}
	words := append(append(prefix, binary), w.args...)
	if without != "" {
		words = append(words, "-without", without)
	}
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = append(os.Environ(), w.env...)
	return cmd
}
