module differ

go 1.21
