/* A launch plan: everything the manager decided about one container, in the order in which it is
 * carried out. Parsed once, from untrusted bytes. */
#ifndef NUCLEUS_PLAN_H
#define NUCLEUS_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"
#include "net/links.h"

#define PLAN_MAGIC 0x5043554eU /* "NUCP" */
#define PLAN_VERSION 12U

struct id_map {
	uint32_t inside;
	uint32_t outside;
	uint32_t count;
};

/* One value for one control file of a cgroup. */
struct cgroup_write {
	const char *path;
	const char *value;
};

struct cgroup_plan {
	bool required;       /* a failure is fatal, else a warning */
	bool limits_memory;  /* members may be OOM-killed */
	const char *unified; /* directory in the v2 hierarchy to clone into, or "" */
	const char **directories;
	size_t directory_count;
	struct cgroup_write *writes;
	size_t write_count;
	const char **joins; /* "tasks" files of the v1 hierarchies */
	size_t join_count;
	const char *freezer;    /* directory to make in the v1 freezer's hierarchy, or "" */
	const uint8_t *devices; /* struct bpf_insn[], for the v2 directory; or none */
	size_t devices_length;
};

/* How the new root is filled, step by step. */
enum rootfs_action {
	ROOTFS_DIRECTORY = 1,
	ROOTFS_FILE = 2,
	ROOTFS_SYMLINK = 3,
	ROOTFS_BIND = 4,
	ROOTFS_TMPFS = 5,
	ROOTFS_PROC = 6,
	ROOTFS_DEVICE = 7,
	ROOTFS_MASK_FILE = 8,
	ROOTFS_MASK_DIRECTORY = 9,
	ROOTFS_SEAL = 10,
	ROOTFS_VOLUME = 11,
	ROOTFS_SECRET = 12,
	ROOTFS_SELF = 13,    /* this program */
	ROOTFS_OVERLAY = 14, /* the source with a writable layer on top */
	ROOTFS_DETACH = 15,  /* a mount that others still use */
	ROOTFS_DEVPTS = 16,  /* the container's own pseudo-terminals (devpts) */
	ROOTFS_LAST = ROOTFS_DEVPTS,
};

#define ROOTFS_OPTIONAL 1U   /* a missing source or target is not a failure */
#define ROOTFS_MAPPED 2U     /* owners are mapped to the user namespace (mount_setattr(2)) */
#define ROOTFS_TRY_MAPPED 4U /* the same, if the file system supports it */
#define ROOTFS_OWNED 8U      /* the step's user on disk is mapped to the workload */
#define ROOTFS_SERVED 16U    /* runsc mounts it: see served_mounts.h */
#define ROOTFS_NAMED 32U     /* a user named the source: see host_path.h */
#define ROOTFS_IMAGE 64U     /* the source is part of the root file system */

struct rootfs_step {
	uint8_t action;
	const char *target;  /* absolute, inside the new root */
	const char *source;  /* host path, link target, or mount options */
	uint64_t attributes; /* MOUNT_ATTR_*; for a device: major << 32 | minor */
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
	uint32_t flags;
	uint64_t device; /* of the source when it was checked (stat(2)); inode 0: not checked */
	uint64_t inode;
	const uint8_t *content;
	size_t content_length;
};

struct capability_sets {
	uint64_t bounding;
	uint64_t permitted; /* and effective */
	uint64_t inheritable;
	uint64_t ambient;
};

struct rlimit_plan {
	uint8_t resource;
	uint64_t soft;
	uint64_t hard;
};

struct landlock_path {
	const char *path;
	uint64_t access;
	bool optional;
};

/* What happens to a system call that the filter does not allow. */
enum seccomp_mode {
	SECCOMP_DENY = 0,   /* it fails silently */
	SECCOMP_REPORT = 1, /* the shim is notified, and it fails */
	SECCOMP_TRACE = 2,  /* the shim is notified, and it continues */
	SECCOMP_LAST = SECCOMP_TRACE,
};

struct landlock_port {
	uint16_t port;
	uint64_t access;
};

struct landlock_plan {
	bool required;
	uint64_t handled_fs; /* 0: no Landlock at all */
	uint64_t handled_net;
	uint64_t scoped;
	uint32_t flags; /* of landlock_restrict_self(2) */
	struct landlock_path *paths;
	size_t path_count;
	struct landlock_port *ports;
	size_t port_count;
};

struct terminal_size {
	uint16_t rows;
	uint16_t columns;
};

/* A kernel of the container's own, provided by an OCI runtime of the host: the plan's command is
 * that runtime's, and a bundle describes the workload. */
struct gvisor_plan {
	const uint8_t *config; /* config.json of the bundle; empty: the host's kernel */
	size_t config_length;
	const char *process; /* identity and rights of a command run inside: a process object of the
			      * bundle's format, without arguments, environment, directory,
			      * terminal, and the closing brace */
	char **envp;         /* the workload's, NULL-terminated */
	char **exec;         /* runs a command inside; the words before the container's ID */
	char **kill;         /* sends a signal inside; the words before the container's ID */
	uint32_t uid;        /* the workload's */
	uint32_t gid;
};

/* When a hook runs; the first two as in the OCI runtime specification. */
enum hook_phase {
	HOOK_NONE = 0,
	HOOK_CREATE_RUNTIME = 1, /* the namespaces exist, nothing is mounted: a failure is fatal */
	HOOK_POSTSTART = 2,      /* the command is running */
	HOOK_POSTSTOP = 3,       /* nothing of the container is left */
	HOOK_LAST = HOOK_POSTSTOP,
};

struct hook {
	uint8_t phase;    /* enum hook_phase */
	const char *path; /* without links */
	uint64_t device;  /* of the program, when the manager checked it */
	uint64_t inode;
	char **argv;      /* NULL-terminated */
	char **envp;      /* NULL-terminated */
	uint32_t timeout; /* ms */
};

struct hooks_plan {
	const char
		*state; /* the container's state as JSON, without status, pid and closing brace */
	struct hook *list;
	size_t count;
};

struct plan {
	const char *id;
	const char *hostname;
	const char *directory; /* the container's own directory, to be created: logs, records */
	const uint8_t *record; /* the manager's record, saved as state.json; not read here */
	size_t record_length;
	const char *socket;    /* where the shim listens */
	const char *staging;   /* an empty directory of the host, mount point of the new root */
	const char **reserved; /* the manager's directories, which no container may reach */
	size_t reserved_count;
	uint32_t namespaces; /* CLONE_NEW* */
	struct id_map *uid_maps;
	size_t uid_map_count;
	struct id_map *gid_maps;
	size_t gid_map_count;
	const char *map_programs[2]; /* newuidmap(1) and newgidmap(1) write the maps; or "" */
	struct cgroup_plan cgroup;
	const char *root_options;
	struct rootfs_step *rootfs;
	size_t rootfs_count;
	const char **writable; /* mount points that may be written to; all others may not */
	size_t writable_count;
	uint32_t uid;
	uint32_t gid;
	uint32_t *groups;
	size_t group_count;
	struct capability_sets capabilities;
	struct rlimit_plan *rlimits;
	size_t rlimit_count;
	struct landlock_plan landlock;
	const uint8_t *seccomp; /* struct sock_filter[] */
	size_t seccomp_length;  /* in bytes */
	const char *workdir;
	char **argv; /* NULL-terminated */
	char **envp; /* NULL-terminated */
	struct gvisor_plan gvisor;
	struct hooks_plan hooks;
	struct link_plan *links; /* to networks, from a network namespace of its own */
	size_t link_count;
	const char *notify; /* socket for the workload's sd_notify(3), or "" */
	uint64_t log_bytes; /* per file */
	uint32_t oom_score_adj;
	uint16_t seccomp_errno; /* of a call that is reported */
	uint16_t log_files;
	uint32_t log_rate;   /* bytes a second; 0: no limit */
	bool log_blocks;     /* above the rate the writer blocks, else output is dropped */
	bool time_namespace; /* a time namespace whose clocks start at the launch */
	bool deny_setgroups; /* in the user namespace (user_namespaces(7)) */
	bool init;           /* a small init is PID 1, else the workload itself */
	bool keep_stdin;
	const uint8_t *ticket; /* of the client that gets its streams; see attach.h */
	size_t ticket_length;  /* 0: none */
	bool hold;             /* stop just before the command until released */
	bool terminal;         /* the standard streams are a terminal */
	struct terminal_size terminal_size;
	const char *console_socket; /* receives the terminal instead of the log; or "" */
	bool audit;                 /* every mount is checked again, from inside */
	bool rlimits_required;
	uint8_t seccomp_mode; /* enum seccomp_mode */
	void *arena;          /* chain of the blocks that plan_free frees */
};

/* Reads a plan. Strings and bytes point into `data`, which must outlive the plan. */
int plan_read(struct plan *plan, const uint8_t *data, size_t length, struct failure *failure);
void plan_free(struct plan *plan);
bool plan_has_hooks(const struct plan *plan, enum hook_phase phase);

static inline bool plan_uses_gvisor(const struct plan *plan)
{
	return plan->gvisor.config_length > 0;
}

struct reader;
/* Zeroed memory that arena_free frees, or NULL. */
void *arena_take(void **arena, size_t count, size_t size);
/* A NULL-terminated vector of strings, taken from `arena`. */
char **read_vector(struct reader *reader, void **arena, size_t *count);
void arena_free(void **arena);

#endif
