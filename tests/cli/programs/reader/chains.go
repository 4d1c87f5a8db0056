package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var discriminator = regexp.MustCompile(` \(discriminator \d+\)$`)

// bare takes from a C++ name what one tool says and another does not: the type that is returned, parameters, template
// arguments and clone marks. "void shop::make<int>(int) [clone .cold]" → "shop::make".
func bare(name string) string {
	if strings.Contains(name, "operator") {
		name = regexp.MustCompile(`operator\s*[^\w\s(]+(\(\))?|operator\(\)`).ReplaceAllString(name, "operator")
	}
	name = strings.ReplaceAll(name, "(anonymous namespace)", "anonymous")
	name = strings.ReplaceAll(name, "(anonymous)", "anonymous")
	name = regexp.MustCompile(`\[(abi:\w+|clone [^\]]*)\]`).ReplaceAllString(name, "")
	var out strings.Builder
	depth := 0
	for _, c := range name {
		switch c {
		case '<', '(', '{':
			depth++
		case '>', ')', '}':
			depth--
		default:
			if depth == 0 {
				out.WriteRune(c)
			}
		}
	}
	words := strings.Fields(strings.TrimSuffix(strings.TrimSpace(out.String()), " const"))
	if len(words) == 0 {
		return ""
	}
	last := words[len(words)-1]
	return strings.TrimPrefix(strings.SplitN(last, ".", 2)[0], "__GI_")
}

type level struct{ function, place string }

// readChains reads what addr2line -a -i -f -C prints.
func readChains(file string) (addresses []string, chains map[string][]level) {
	data, err := os.ReadFile(file)
	if err != nil {
		fail("%v", err)
	}
	chains = map[string][]level{}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	for i := 0; i < len(lines); {
		address := lines[i]
		addresses = append(addresses, address)
		for i++; i+1 < len(lines) && !strings.HasPrefix(lines[i], "0x0"); i += 2 {
			file := filepath.Base(discriminator.ReplaceAllString(lines[i+1], ""))
			chains[address] = append(chains[address], level{bare(lines[i]), file})
		}
	}
	return addresses, chains
}

// chains OURS THEIRS LEAST: the inline chains of LEAST addresses at least, and of 99 % of all, are those of addr2line.
func checkChains(ours, theirs string, least int) {
	addresses, have := readChains(ours)
	_, wanted := readChains(theirs)
	same, inlined, shown := 0, 0, 0
	for _, address := range addresses {
		if equalChains(have[address], wanted[address]) {
			same++
			if len(have[address]) > 1 {
				inlined++
			}
			continue
		}
		if shown < 5 {
			fmt.Println(address, have[address], "theirs:", wanted[address])
		}
		shown++
	}
	fmt.Printf("%d of %d the same, %d of them inlined\n", same, len(addresses), inlined)
	if same < least || same*100 < len(addresses)*99 {
		os.Exit(1)
	}
}

// equalChains goes by what addr2line says: where it knows no line the function alone counts; an inlined function that has
// no name for the linker it gives the name of one around it, or
// leaves the scope out; and of the linker's names for one address it takes any.
func equalChains(a, b []level) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		unknown := strings.HasPrefix(b[i].place, "??:") || strings.HasSuffix(b[i].place, ":?") || strings.HasSuffix(b[i].place, ":0")
		if !unknown && a[i].place != b[i].place {
			return false
		}
		name := b[i].function
		inherited := strings.HasSuffix(a[i].function, "::"+name)
		for k := i + 1; k < len(b); k++ {
			inherited = inherited || name == b[k].function
		}
		isAlias := i+1 == len(b) && !strings.Contains(name+a[i].function, "::") // of C: one of several for an address
		if a[i].function == "?" || a[i].function != name && !inherited && !isAlias {
			return false
		}
	}
	return true
}
