package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"golang.org/x/net/html"
)

const documents = 30

// document writes the source of one page: every kind of block and of inline markup that the extensions know.
func document(seed int64) []byte {
	var out bytes.Buffer
	w := newWords(seed)
	for section := 0; section < 12; section++ {
		fmt.Fprintf(&out, "## %s\n\n", w.sentence(3))
		for i := 0; i < 4; i++ {
			fmt.Fprintf(&out, "%s **%s** and *%s*, \"%s\" -- `%s` [%s](https://%s.example/%s \"%s\") ~~%s~~[^%d].\n\n",
				w.sentence(30), w.sentence(2), w.sentence(3), w.sentence(2), w.word(), w.sentence(2), w.word(), w.word(),
				w.word(), w.word(), section)
		}
		for i := 0; i < 6; i++ {
			fmt.Fprintf(&out, "%d. %s\n    - [x] %s <b>%s</b> &amp; www.%s.example\n", i+1, w.sentence(5), w.sentence(3),
				w.word(), w.word())
		}
		out.WriteString("\n| " + strings.Join(strings.Fields(w.sentence(6)), " | ") + " |\n" + strings.Repeat("|---:", 6) + "|\n")
		for row := 0; row < 8; row++ {
			out.WriteString("| " + strings.Join(strings.Fields(w.sentence(6)), " | ") + " |\n")
		}
		fmt.Fprintf(&out, "\n> %s\n> > %s\n\n```go\nfunc %s() { %s() }\n```\n\n%s\n: %s\n\n[^%d]: %s\n\n", w.sentence(9),
			w.sentence(7), w.word(), w.word(), w.word(), w.sentence(4), section, w.sentence(6))
	}
	return out.Bytes()
}

// index gathers the links and the words of a page.
func index(node *html.Node, links, counts map[string]int) {
	if node.Type == html.TextNode {
		for _, word := range strings.Fields(node.Data) {
			counts[word]++
		}
	}
	for _, attribute := range node.Attr {
		if attribute.Key == "href" {
			links[attribute.Val]++
		}
	}
	for child := node.FirstChild; child != nil; child = child.NextSibling {
		index(child, links, counts)
	}
}

func markdown() error {
	out := bufio.NewWriter(os.Stdout)
	writer := goldmark.New(
		goldmark.WithExtensions(extension.GFM, extension.Footnote, extension.DefinitionList, extension.Typographer),
		goldmark.WithParserOptions(parser.WithAutoHeadingID(), parser.WithAttribute()))
	for i := int64(0); i < documents; i++ {
		var page bytes.Buffer
		if err := writer.Convert(document(i), &page); err != nil {
			return err
		}
		tree, err := html.Parse(bytes.NewReader(page.Bytes()))
		if err != nil {
			return err
		}
		links, counts := map[string]int{}, map[string]int{}
		index(tree, links, counts)
		if err := html.Render(out, tree); err != nil {
			return err
		}
		text, err := json.Marshal(map[string]any{"page": i, "links": links, "words": counts})
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "\n%s\n", text)
	}
	return out.Flush()
}
