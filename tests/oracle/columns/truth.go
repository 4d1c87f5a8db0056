package main

// A truth is what the rewritten program shows of one of its sites.
type truth struct {
	bytes    float64
	chain    []spot
	verdicts []verdict // which may be meant: they stand at one place
	decided  bool
	how      string
}

// candidates are the verdicts that can be of an allocation at CHAIN, by the first rule that finds any:
//
//	token      the verdict stands at the allocation's own token
//	statement  in the smallest expression or statement that the compiler knows by that token: append and literals are
//	           allocated at the "=" or "return" that takes them
//	head       one level further in: parameters and results that move to the heap, and what an inlined function returns,
//	           are allocated at the call
//	body       at the same token, where the function is compiled by itself
func (p *program) candidates(chain []spot, entry, typ string) ([]verdict, string, error) {
	fitting := func(all []verdict, wanted func(verdict) bool) []verdict {
		var found []verdict
		for _, v := range all {
			if can(entry, typ, v) && wanted(v) {
				found = append(found, v)
			}
		}
		return found
	}
	exact := fitting(p.verdicts[chainKey(chain)], func(verdict) bool { return true })
	// A slice literal's array stands at the variable that takes the slice, moved or not.
	if array := arrayType.MatchString(typ); len(exact) > 0 && !(array && exact[0].moved) || chain[0].token == 0 {
		return exact, "token", nil
	}
	covers, err := p.coversOf(chain[0].file)
	if err != nil {
		return nil, "", err
	}
	if e, ok := covers[chain[0].token]; ok {
		found := fitting(p.around[aroundKey(chain)], func(v verdict) bool { return e.holds(v.chain[0].token) })
		if len(found) > 0 {
			return append(found, exact...), "statement", nil
		}
	}
	if len(exact) > 0 {
		return exact, "token", nil
	}
	if found := fitting(p.inside[chainKey(chain)], func(v verdict) bool { return v.moved || formOf(v.what) == "literal" && v.what[0] == '[' }); len(found) > 0 {
		return found, "head", nil
	}
	return fitting(p.verdicts[chainKey(chain[:1])], func(verdict) bool { return true }), "body", nil
}

func (p *program) coversOf(file string) (covers, error) {
	if known, ok := p.covers[file]; ok {
		return known, nil
	}
	found, err := coversOf(file, p.rewritten[file])
	p.covers[file] = found
	return found, err
}

func onePlace(verdicts []verdict) bool {
	for _, v := range verdicts {
		if v.chain[0] != verdicts[0].chain[0] {
			return false
		}
	}
	return len(verdicts) > 0
}
