module escprof.test/commits/dns

go 1.22

require (
	escprof.test/validate v0.0.0
	github.com/miekg/dns v1.1.17
)

require (
	golang.org/x/crypto v0.0.0-20190829043050-9756ffdc2472 // indirect
	golang.org/x/net v0.0.0-20190827160401-ba9fcec4b297 // indirect
	golang.org/x/sys v0.0.0-20190904154756-749cb33beabd // indirect
)

replace escprof.test/validate => ../../programs
