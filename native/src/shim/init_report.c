#include "shim/init_report.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/wire.h"
#include "launch/handles.h"
#include "launch/init.h"
#include "shim/loop.h"
#include "shim/seccomp_notify.h"

#define PAUSE 1000 /* ms */
#define TURNS 256  /* reads; more than a full socket needs */

/* Descriptors received with a record. */
struct attached {
	int fds[HANDLES];
	size_t count;
};

static void take(struct shim *shim, const struct init_record *record,
		 const struct attached *attached)
{
	struct init_report *report = &shim->init;

	switch (record->type) {
	case INIT_LISTENER:
		if (attached->count == 1 && shim->notices.fd < 0) {
			notice_watch(&shim->notices, attached->fds[0]);
			return;
		}
		break;
	case INIT_HANDLES:
		handles_take(&shim->handles, attached->fds, attached->count);
		return;
	case INIT_ENDED:
		report->ended = true;
		report->status = record->value;
		break;
	case INIT_REAPED:
		report->reaped += (uint32_t)record->value;
		break;
	case INIT_FORWARDED:
		if (record->value >= 1 && record->value <= 64)
			report->signals |= 1ULL << (record->value - 1);
		break;
	default:
		break;
	}
	for (size_t i = 0; i < attached->count; i++)
		(void)close(attached->fds[i]);
}

/* Drains the socket, up to a bound: this runs once per pause. */
static void take_all(struct shim *shim)
{
	struct init_report *report = &shim->init;
	struct init_record records[64];
	static const struct attached nothing = { .count = 0 };
	struct attached attached;
	ssize_t got = 1;

	for (int turn = 0; turn < TURNS && (got > 0 || (got < 0 && errno == EINTR)); turn++) {
		got = descriptors_receive(report->source.fd, records, sizeof(records), attached.fds,
					  HANDLES, &attached.count);
		/* Records are written whole, so they are read whole. The kernel ends a read after a
		 * record with descriptors, so they belong to the last record (unix(7)). */
		for (ssize_t i = 0; i < got / (ssize_t)sizeof(records[0]); i++) {
			bool last = i + 1 == got / (ssize_t)sizeof(records[0]);

			take(shim, &records[i], last ? &attached : &nothing);
		}
	}
	/* PID 1 has exited. */
	if (got == 0)
		close_fd(&report->source.fd);
}

static void send_report(const struct init_report *report, struct connection *connection)
{
	uint8_t bytes[FRAME_HEADER + 12];
	struct writer writer = { .data = bytes, .capacity = sizeof(bytes) };
	size_t frame = frame_begin(&writer, ANSWER_INIT);

	write_u32(&writer, report->reaped);
	write_u64(&writer, report->signals);
	frame_end(&writer, frame);
	connection_send(connection, &writer);
}

static bool has_unreported(const struct init_report *report)
{
	return report->reaped != 0 || report->signals != 0;
}

static void clear_reported(struct init_report *report)
{
	report->reaped = 0;
	report->signals = 0;
}

static void send_reports(struct shim *shim)
{
	bool received = false;

	if (!shim->started || !has_unreported(&shim->init))
		return;
	for (struct connection *at = shim->connections; at != NULL; at = at->next) {
		if (at->subscribed && !at->dead) {
			send_report(&shim->init, at);
			received = true;
		}
	}
	if (received)
		clear_reported(&shim->init);
}

void init_report_send(struct shim *shim, struct connection *connection)
{
	if (!has_unreported(&shim->init))
		return;
	send_report(&shim->init, connection);
	clear_reported(&shim->init);
}

static void report_ready(struct shim *shim, struct source *source, short revents)
{
	struct init_report *report = &shim->init;

	(void)revents;
	take_all(shim);
	/* Only a running workload can cause so many reports that a pause is needed; those of the
	 * launch must not be delayed. */
	if (has_unreported(report)) {
		source->events = 0;
		report->listen_at = monotonic_ms() + PAUSE;
	}
	send_reports(shim);
}

static void watch(struct shim *shim, struct poll_set *set)
{
	poll_set_add(set, &shim->init.source);
}

static uint64_t due_at(const struct shim *shim)
{
	const struct source *source = &shim->init.source;

	return source->fd >= 0 && source->events == 0 ? due_at_ms(shim->init.listen_at) : 0;
}

/* Resumes reading after a pause. */
static void expire(struct shim *shim, int64_t now)
{
	if (now >= shim->init.listen_at)
		shim->init.source.events = POLLIN;
}

static struct loop_member member = { .watch = watch, .due_at = due_at, .expire = expire };

void init_report_open(struct shim *shim, int fd)
{
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	shim->init.source = (struct source){ fd, POLLIN, report_ready };
	loop_join(shim, &member);
}

void init_report_finish(struct shim *shim)
{
	if (shim->init.source.fd < 0)
		return;
	take_all(shim);
	close_fd(&shim->init.source.fd);
	send_reports(shim);
}
