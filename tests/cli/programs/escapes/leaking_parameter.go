package main

type config struct{ name string }

var current *config

//go:noinline
func use(c *config) {
	current = c
}

//go:noinline
func configure(name string) {
	use(&config{name})
}

var currentValue config

//go:noinline
func useValue(c config) {
	currentValue = c
}

//go:noinline
func configureFixed(name string) {
	useValue(config{name})
}
