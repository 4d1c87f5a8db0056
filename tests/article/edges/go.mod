module edges

go 1.18
