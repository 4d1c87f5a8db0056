// C that calls Go back: what a linker keeps of runtime/cgo for that.
package main

/*
extern void goBack(void);
static void call_back(void) { goBack(); }
*/
import "C"

//export goBack
func goBack() {}

func main() { C.call_back() }
