/* The table of the HTML report: its sites by column, with what the cost model in the page is asked of them. */
#ifndef REPORT_HTML_SITES_H
#define REPORT_HTML_SITES_H

#include "report/html_writing.h"

/* Write the first WRITING->nsites sites under the key "sites". */
void html_sites_write(struct html_writing *writing);

#endif
