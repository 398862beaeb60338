#include "base/failure.h"

#include <stdarg.h>
#include <stdio.h>

int fail(struct failure *failure, enum step step, int error, const char *format, ...)
{
	va_list arguments;

	failure->step = (uint8_t)step;
	failure->error = error;
	va_start(arguments, format);
	(void)vsnprintf(failure->detail, sizeof(failure->detail), format, arguments);
	va_end(arguments);
	return -error;
}
