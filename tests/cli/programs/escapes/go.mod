module escapes

go 1.18
