package main

import "fmt"

//line template.tmpl:10
func fromTemplate(v any) string { return fmt.Sprint("v", v) }

//line /absolute/other.tmpl:100:3
func fromElsewhere(n int) *int { return &n }

//line relative.tmpl:14
func back(s string) []byte { return []byte(s) }
