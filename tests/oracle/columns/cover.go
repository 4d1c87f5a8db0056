package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
)

// An extent is the first and the last token of an expression or statement.
type extent struct{ first, last int }

func (e extent) holds(token int) bool { return e.first <= token && token <= e.last }

// covers tells what the compiler's position at a token can mean: the smallest expression or statement that has it there.
type covers map[int]extent

// anchors are the places by which the compiler knows NODE: an assignment by its operator, a call by its parenthesis.
func anchors(node ast.Node) []token.Pos {
	switch n := node.(type) {
	case *ast.AssignStmt:
		at := []token.Pos{n.TokPos}
		for _, left := range n.Lhs {
			at = append(at, left.Pos())
		}
		return at
	case *ast.ValueSpec:
		at := []token.Pos{}
		for _, name := range n.Names {
			at = append(at, name.Pos())
		}
		return at
	case *ast.CallExpr:
		return []token.Pos{n.Lparen}
	case *ast.IndexExpr:
		return []token.Pos{n.Lbrack}
	case *ast.BinaryExpr:
		return []token.Pos{n.OpPos}
	case *ast.KeyValueExpr:
		return []token.Pos{n.Colon}
	case *ast.SendStmt:
		return []token.Pos{n.Arrow}
	case *ast.CompositeLit:
		return []token.Pos{n.Lbrace, n.Pos()}
	case *ast.ReturnStmt, *ast.UnaryExpr, *ast.GoStmt, *ast.DeferStmt, *ast.RangeStmt, *ast.FuncLit, *ast.SelectorExpr:
		return []token.Pos{n.Pos()}
	}
	return nil
}

func coversOf(path string, r *rewritten) (covers, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	found := covers{}
	number := func(at token.Pos) int {
		position := set.PositionFor(at, false)
		return r.number[[2]int{position.Line, position.Column}]
	}
	// Outer nodes come first, and the smaller one wins.
	ast.Inspect(file, func(node ast.Node) bool {
		if node == nil {
			return false
		}
		for _, at := range anchors(node) {
			found[number(at)] = extent{number(node.Pos()), r.numberBefore(set.PositionFor(node.End(), false).Offset)}
		}
		return true
	})
	return found, nil
}

// numberBefore is the number of the last token that begins before OFFSET.
func (r *rewritten) numberBefore(offset int) int {
	low, high := 0, len(r.tokens)
	for low < high {
		if middle := (low + high) / 2; r.tokens[middle].offset < offset {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}
