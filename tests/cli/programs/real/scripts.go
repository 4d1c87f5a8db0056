package main

import (
	"fmt"
	"sync"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

const scripts = 4

// source is run by several threads at a time; what it makes depends on `seed` alone.
const source = `
def numbers(n):
    x = seed
    out = []
    for _ in range(n):
        x = (x * 1103515245 + 12345) % (1 << 31)
        out.append(x)
    return out

def words(n):
    return ["".join([chr(97 + (x >> s) % 26) for s in range(0, 24, 4)]) for x in numbers(n)]

def tree(depth, label):
    if depth == 0:
        return struct_of(label, [])
    return struct_of(label, [tree(depth - 1, label + str(i)) for i in range(3)])

def struct_of(name, children):
    return {"name": name, "size": 1 + sum_of([c["size"] for c in children]), "children": tuple(children)}

def sum_of(list):
    total = 0
    for x in list:
        total += x
    return total

def main():
    counts = {}
    for w in words(6000):
        counts.setdefault(w[:2], []).append(w)
    longest = sorted(counts.items(), key = lambda kv: (-len(kv[1]), kv[0]))[:40]
    lines = ["%s: %d %s" % (k, len(v), ",".join(sorted(v)[:3]).upper()) for k, v in longest]
    product = 1
    for x in numbers(300):
        product *= x
    t = tree(7, "t")
    pairs = {(a, b): a * b for a in range(60) for b in range(60)}
    unique = set([p % 997 for p in pairs.values()])
    return "\n".join(lines + [str(product), str(t["size"]), str(len(pairs)), str(len(unique)), repr(t)[:2000]])

result = main()
`

func runScripts() error {
	var wait sync.WaitGroup
	results, errs := make([]string, scripts), make([]error, scripts)
	for i := range results {
		wait.Add(1)
		go func() {
			defer wait.Done()
			thread := &starlark.Thread{Name: fmt.Sprint("script ", i)}
			globals, err := starlark.ExecFileOptions(&syntax.FileOptions{Set: true, Recursion: true}, thread, "source.star", source,
				starlark.StringDict{"seed": starlark.MakeInt(1000 + i)})
			errs[i] = err
			if err == nil {
				results[i] = string(globals["result"].(starlark.String))
			}
		}()
	}
	wait.Wait()
	for i := range results {
		if errs[i] != nil {
			return errs[i]
		}
		fmt.Println(results[i])
	}
	return nil
}
