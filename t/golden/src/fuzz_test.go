package main

import "testing"

func FuzzRow(f *testing.F) {
	f.Add([]byte("abc"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1 && data[0] == 'x' {
			outerFn("index", 7)
		}
	})
}

func TestRow(t *testing.T) {
	outerFn("method", 7)
}
