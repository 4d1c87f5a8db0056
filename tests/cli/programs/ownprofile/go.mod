module escprof.test/ownprofile

go 1.22
