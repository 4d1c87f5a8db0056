/* Writing a finished report. */
#ifndef REPORT_WRITE_H
#define REPORT_WRITE_H

#include "base/buf.h"
#include "base/error.h"

#include <stdio.h>

/* Write all bytes of BUF to STREAM and flush it, so that a full disk is told here. */
enum status report_write(FILE *stream, const struct buf *buf, struct error *error);

#endif
