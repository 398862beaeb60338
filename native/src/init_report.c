#include "init_report.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "descriptors.h"
#include "init.h"
#include "wire.h"

#define PAUSE 1000 /* ms */

static void take(struct init_report *report, const struct init_record *record)
{
	switch (record->news) {
	case INIT_ENDED:
		report->ended = true;
		report->status = record->value;
		return;
	case INIT_REAPED:
		report->reaped += (uint32_t)record->value;
		return;
	case INIT_FORWARDED:
		if (record->value >= 1 && record->value <= 64)
			report->signals |= 1ULL << (record->value - 1);
		return;
	default:
		return;
	}
}

/* All that the pipe holds: no more than its capacity, as this is done once in a pause. */
static void take_all(struct init_report *report)
{
	struct init_record records[64];
	ssize_t got;

	do {
		got = read(report->source.fd, records, sizeof(records));
		/* Records are written whole, so they are read whole. */
		for (ssize_t i = 0; i < got / (ssize_t)sizeof(records[0]); i++)
			take(report, &records[i]);
	} while (got == (ssize_t)sizeof(records) || (got < 0 && errno == EINTR));
	/* No PID 1 of ours at the other end, or none any more. */
	if (got == 0)
		close_fd(&report->source.fd);
}

static void tell(const struct init_report *report, struct connection *connection)
{
	uint8_t bytes[FRAME_HEADER + 12];
	struct writer writer = { .data = bytes, .capacity = sizeof(bytes) };
	size_t frame = frame_begin(&writer, ANSWER_INIT);

	write_u32(&writer, report->reaped);
	write_u64(&writer, report->signals);
	frame_end(&writer, frame);
	connection_send(connection, &writer);
}

static bool untold(const struct init_report *report)
{
	return report->reaped != 0 || report->signals != 0;
}

static void forget(struct init_report *report)
{
	report->reaped = 0;
	report->signals = 0;
}

static void tell_all(struct shim *shim)
{
	bool heard = false;

	if (!shim->started || !untold(&shim->init))
		return;
	for (struct connection *at = shim->connections; at != NULL; at = at->next) {
		if (at->subscribed && !at->dead) {
			tell(&shim->init, at);
			heard = true;
		}
	}
	if (heard)
		forget(&shim->init);
}

void init_report_send(struct shim *shim, struct connection *connection)
{
	if (!untold(&shim->init))
		return;
	tell(&shim->init, connection);
	forget(&shim->init);
}

static void report_ready(struct shim *shim, struct source *source, short revents)
{
	struct init_report *report = &shim->init;

	(void)revents;
	source->events = 0;
	report->listen_at = monotonic_ms() + PAUSE;
	take_all(report);
	tell_all(shim);
}

void init_report_open(struct shim *shim, int fd)
{
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	shim->init.source = (struct source){ fd, POLLIN, report_ready };
}

void init_report_finish(struct shim *shim)
{
	if (shim->init.source.fd < 0)
		return;
	take_all(&shim->init);
	close_fd(&shim->init.source.fd);
	tell_all(shim);
}

void init_report_expire(struct shim *shim, int64_t now)
{
	if (now >= shim->init.listen_at)
		shim->init.source.events = POLLIN;
}

int64_t init_report_deadline(const struct shim *shim)
{
	const struct source *source = &shim->init.source;

	return source->fd >= 0 && source->events == 0 ? shim->init.listen_at : 0;
}
