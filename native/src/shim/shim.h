/* The state of a shim, which supervises one container. It outlives manager and spawner, keeps the
 * container's output, answers on a socket of its own, and leaves an exit record. One
 * thread, one poll(2) loop. */
#ifndef NUCLEUS_SHIM_H
#define NUCLEUS_SHIM_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/stream.h"
#include "launch/cgroup.h"
#include "launch/handles.h"
#include "launch/launch.h"
#include "launch/plan.h"
#include "shim/loop.h"

struct shim;
struct connection;
struct exec;
struct denial;
struct ticket;
struct trace;

/* Something the loop waits for. `events` 0: not now. */
struct source {
	int fd;
	short events;
	void (*ready)(struct shim *shim, struct source *source, short revents);
};

/* One end of an output pipe: what comes goes to the clients that are attached, and to a log. */
struct output {
	struct source source;
	enum stream_tag tag;
	struct stream *stream;
	bool is_pipe;        /* and no terminal */
	bool awaited;        /* by a client that is to come: nothing is read before */
	uint64_t resumes_at; /* when reading resumes (CLOCK_MONOTONIC ns), or 0 */
	int64_t moved_at;    /* CLOCK_MONOTONIC ms, once its end is known */
	int64_t left;        /* bytes to its end, once that is known; else -1 */
	uint64_t burst_at;   /* when the burst began (CLOCK_MONOTONIC ns) */
	size_t burst;        /* bytes moved to a client since then */
	char *pending;       /* read, and not written to every client yet */
	size_t length;
};

/* The hook that runs, of a phase of them; see hooks.h. */
struct hook_run {
	/* What follows the hooks before the workload: it goes on, or the launch has failed. */
	void (*through)(struct shim *shim, const struct failure *failure);
	struct source process; /* its pidfd */
	struct source said;    /* its standard error */
	uint8_t phase;         /* enum hook_phase */
	uint8_t queued;        /* the phase after it */
	size_t next;           /* which of the plan's */
	pid_t pid;             /* 0: none runs */
	bool timed_out;
	int64_t kill_at;
	char words[512]; /* the end of what it said */
	size_t length;
};

/* What a workload has said of itself; see sdnotify.h. */
struct service_state {
	bool ready;
	bool stopping;
	char status[200];
	int budget; /* datagrams that are still passed on in this window */
	int64_t window_ends;
};

/* What PID 1 has told; see init_report.h. */
struct init_report {
	struct source source; /* fd -1: there is none of ours */
	bool ended;
	int status;        /* the workload's, as wait(2) tells it */
	uint32_t reaped;   /* not told yet */
	uint64_t signals;  /* forwarded and not told yet: bit n - 1 for signal n */
	int64_t listen_at; /* CLOCK_MONOTONIC ms: not earlier */
};

struct shim {
	struct loop_member *members; /* of the loop */
	struct plan plan;
	struct cgroup cgroup;
	uid_t owner; /* whose files the logs are, and who may connect */
	gid_t group;
	int directory_fd;
	struct source signals;
	struct source listener;
	struct source pressure; /* of memory, while there is a soft limit to lift; else fd -1 */
	struct source status;   /* of the launch; fd -1 once it is through */
	/* Signals a process under gVisor: the workload (id 0) or an exec. */
	int (*signal_inside)(struct shim *shim, uint32_t id, int number);
	/* What follows the word of runsc. */
	void (*gvisor_started)(struct shim *shim);
	struct source notify; /* of what the workload says of itself; else fd -1 */
	struct service_state state;
	struct init_report init;
	struct source notices; /* of the workload's filter; else fd -1 */
	struct denial *denials;
	size_t denial_count;
	uint64_t denials_beyond; /* not counted one by one any more */
	struct trace *trace;
	int terminal_fd; /* where the container sends its terminal's master; else -1 */
	int go_fd;       /* lets the workload go on once its listener is here; else -1 */
	struct hook_run hooks;
	struct output out;
	struct output err;
	struct stream log;
	int stdin_fd;
	pid_t pid;
	int pidfd;
	int netns_fd;           /* made ahead, or -1 */
	struct handles handles; /* of a container that a shim without root supervises */
	pid_t guardian;         /* see guardian.h; 0: none is needed */
	pid_t receiver;         /* of the notify socket, where the kernel is older; else 0 */
	int mounts_fd;          /* keeps the mount namespace until the exit has been told */
	uint64_t begun;         /* CLOCK_MONOTONIC ns of the request */
	struct launch_report report;
	bool created; /* all is done but the command */
	bool started;
	bool frozen;
	uint64_t started_at; /* CLOCK_REALTIME ns */
	bool exited;
	bool log_complete;  /* nothing follows: its readers end once they have read it */
	int exit_status;    /* as wait(2) tells it */
	int died_of;        /* the signal that SIGKILL stands for; see shim_signal_command */
	bool out_of_memory; /* the kernel killed in it at its limit */
	uint64_t exited_at;
	int64_t kill_at;  /* CLOCK_MONOTONIC ms: SIGKILL, when a stop ran out; 0: never */
	int64_t leave_at; /* when to stop waiting for readers */
	struct connection *connections;
	const struct connection_handler *handler; /* of connections */
	struct ticket *tickets;
	struct exec *execs;
	uint32_t next_exec;
};

#endif
