package main

//go:noinline
func changes() func(now string) bool {
	last := ""
	return func(now string) bool {
		changed := now != last
		last = now
		return changed
	}
}

type change struct{ last string }

func (c *change) to(now string) bool {
	changed := now != c.last
	c.last = now
	return changed
}

//go:noinline
func changesFixed() change {
	return change{}
}
