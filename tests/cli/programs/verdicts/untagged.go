//go:build !special

package main

func tagged(n int) any { return &n }
