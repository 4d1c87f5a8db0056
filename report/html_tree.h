/*
 * All stacks folded into one tree for the HTML report's flame graphs, and written so that a hundred thousand of them
 * take a few bytes each.
 */
#ifndef REPORT_HTML_TREE_H
#define REPORT_HTML_TREE_H

#include "analyzer/analysis.h"
#include "report/html_json.h"

#include <stddef.h>

struct strtab;

/*
 * Write the tree of ANALYSIS' stacks under the key "tree"; the functions' names go to STRINGS. Of sites from NSITES on
 * it keeps the stacks, but not whose they are. ROOM is how many bytes the nodes may take, about.
 *
 * {"count": nodes, the root too; "least": the share that a node has to have of one of the four values to be in it;
 *  "units": what one of each value is worth; "data": base64 of LEB128 numbers}
 *
 * A node, each after its parent, those of one parent in a row with all that is below them: 2 × how many levels up from
 * a child of the one before, plus 1 for a leaf. A function: the number of its name. A leaf: the number of its site plus
 * 1, then bytes, objects and live bytes; or 0, for all that was too narrow below the parent, then bytes, objects, live
 * bytes and GC CPU.
 */
void html_tree_write(struct html_json *json, const struct analysis *analysis, struct strtab *strings, size_t nsites,
		     size_t room);

#endif
