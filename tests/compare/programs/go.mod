module trials

go 1.22
