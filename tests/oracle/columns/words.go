package main

import (
	"regexp"
	"strings"
)

// can tells whether an allocation through ENTRY, of a type, can be what the verdict's words speak of. This is no guess
// from the line: it rules out what stands at the very same token, and decides among what one statement holds.
func can(entry, typ string, v verdict) bool {
	what := v.what
	name := entry[strings.LastIndex(entry, "/")+1:]
	_, name, _ = strings.Cut(name, ".")
	is := func(prefixes ...string) bool {
		for _, prefix := range prefixes {
			if strings.HasPrefix(name, prefix) {
				return true
			}
		}
		return false
	}
	form := formOf(what)
	if v.moved {
		return is("newobject", "mallocgc", "newarray") && !strings.HasPrefix(typ, "struct { F uintptr")
	}
	switch {
	case is("growslice", "moveSlice"):
		return form == "append"
	case is("concatstring", "concatbyte"):
		return form == "sum"
	case is("slicebytetostring", "slicerunetostring", "intstring"):
		return form == "conversion"
	case is("stringtoslice"):
		return form == "conversion"
	case is("makeslice"):
		return form == "make"
	case is("makemap", "NewEmptyMap", "NewMap"):
		return form == "make" || form == "literal" && !strings.HasPrefix(what, "[]")
	case is("makechan"):
		return form == "make"
	case is("convT"):
		return form != "func" && form != "variadic" && form != "new" && form != "constant"
	case is("newobject", "mallocgc", "newarray"):
		return form != "append" && form != "sum" && form != "constant" && canBe(typ, form, what)
	}
	return false
}

// canBe: closures and arrays have types that no other form has.
func canBe(typ, form, what string) bool {
	closure, array := strings.HasPrefix(typ, "struct { F uintptr"), arrayType.MatchString(typ)
	switch {
	case typ == "":
		return true
	case form == "func":
		return closure
	case form == "make" && array:
		of, _, _ := strings.Cut(strings.TrimPrefix(what, "make([]"), ", ")
		return !strings.HasPrefix(what, "make([]") || sameType(typ[strings.Index(typ, "]")+1:], of)
	case form == "make":
		return strings.Contains(typ, "maps.") || strings.Contains(typ, "hmap")
	case form == "variadic":
		return array
	case form == "conversion": // a constant's bytes
		return array && (strings.HasSuffix(typ, "]uint8") || strings.HasSuffix(typ, "]int32"))
	case form == "" || form == "name": // a method value
		return closure
	case closure:
		return false
	}
	named, element := typeIn(what)
	if strings.HasPrefix(named, "map[") {
		return strings.Contains(typ, "maps.") || strings.Contains(typ, "hmap")
	}
	if array && element != "" {
		return sameType(typ[strings.Index(typ, "]")+1:], element)
	}
	return named == "" || sameType(typ, named)
}

// typeIn is the type that the words have ("T" of "&T{...}"), and of a slice literal its element's.
func typeIn(what string) (named, element string) {
	named, literal := strings.CutSuffix(strings.TrimSuffix(what, "{...}")+"{}", "{}")
	if literal = strings.HasSuffix(what, "{...}") || strings.HasSuffix(what, "{}"); !literal {
		inner, isNew := strings.CutPrefix(what, "new(")
		if !isNew {
			return "", ""
		}
		return strings.TrimSuffix(inner, ")"), ""
	}
	named = strings.TrimPrefix(strings.TrimSuffix(named, "{}"), "&")
	if _, of, found := strings.Cut(named, "]"); found && strings.HasPrefix(named, "[") {
		return named, of
	}
	return named, ""
}

// sameType does not compare packages and type arguments; a shape is a type of its own.
func sameType(a, b string) bool {
	a, b = plainType(a), plainType(b)
	return a == b
}

func plainType(name string) string {
	name = strings.ReplaceAll(strings.ReplaceAll(name, "interface {}", "any"), " ", "")
	name = strings.ReplaceAll(name, "go.shape.", "shape ")
	if at := strings.Index(name, "["); at > 0 && !strings.HasSuffix(name[:at], "map") {
		name = name[:at]
	}
	return qualifier.ReplaceAllString(name, "")
}

var (
	arrayType  = regexp.MustCompile(`^\[\d+\]`)
	qualifier  = regexp.MustCompile(`[\w./-]*\.`)
	identifier = regexp.MustCompile(`^[\pL_#~.][\pL\pN_#.]*$`)
	isConstant = regexp.MustCompile(`^-?\d[\w.+-]*$`)
	quoted     = regexp.MustCompile("\"(\\\\.|[^\"\\\\])*\"|`[^`]*`|'(\\\\.|[^'\\\\])*'")
)

func formOf(what string) string {
	bare := quoted.ReplaceAllString(what, "0")
	switch {
	case isConstant.MatchString(bare):
		return "constant"
	case what == "append" || strings.HasPrefix(what, "append("):
		return "append"
	case what == "func literal":
		return "func"
	case what == "... argument":
		return "variadic"
	case strings.HasPrefix(what, "make("):
		return "make"
	case strings.HasPrefix(what, "new("):
		return "new"
	case isSum(bare):
		return "sum"
	case strings.HasSuffix(what, "{...}"), strings.HasSuffix(what, "{}"):
		return "literal"
	case strings.HasSuffix(what, ")"):
		return "conversion"
	case identifier.MatchString(what):
		return "name"
	}
	return ""
}

// isSum: a + outside of brackets.
func isSum(text string) bool {
	depth := 0
	for i, c := range text {
		switch c {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case '+':
			if depth == 0 && i > 0 {
				return true
			}
		}
	}
	return false
}

// words makes the texts of JSON, of -m and of a report one.
func words(message string) string {
	what := strings.TrimPrefix(message, "moved to heap: ")
	what = strings.TrimSuffix(strings.TrimSuffix(what, " escapes to heap"), " does not escape")
	if strings.HasPrefix(what, "append(") {
		return "append"
	}
	return what
}

// hasNone tells whether the compiler has no verdict on what goes through ENTRY.
func hasNone(entry string) bool {
	for _, name := range []string{"runtime.mapassign", "internal/bytealg.MakeNoZero", "reflect.", "runtime.newproc", "runtime.makechan"} {
		if strings.HasPrefix(entry, name) {
			return true
		}
	}
	return false
}
