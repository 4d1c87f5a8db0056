/* Messages of failures: formatted here once, handed up by every room, printed by cli/ alone. */
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum status error_set(struct error *error, const char *format, ...)
{
	va_list args;

	if (!error)
		return STATUS_ERROR;
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return STATUS_ERROR;
}

enum status error_set_errno(struct error *error, const char *format, ...)
{
	int saved_errno = errno;
	va_list args;
	size_t length;

	if (!error)
		return STATUS_ERROR;
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	length = strlen(error->text);
	snprintf(error->text + length, sizeof(error->text) - length, ": %s", strerror(saved_errno));
	return STATUS_ERROR;
}

enum status error_prefix(struct error *error, const char *format, ...)
{
	char old[sizeof(error->text)];
	va_list args;
	size_t length;

	memcpy(old, error->text, sizeof(old));
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	length = strlen(error->text);
	snprintf(error->text + length, sizeof(error->text) - length, ": %s", old);
	return STATUS_ERROR;
}
