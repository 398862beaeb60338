/* Maps of users between a user namespace and its parent (user_namespaces(7)), and the namespaces
 * that mounts are mapped by (mount_setattr(2), MOUNT_ATTR_IDMAP). */
#ifndef NUCLEUS_ID_MAP_H
#define NUCLEUS_ID_MAP_H

#include "launch/plan.h"

/* Writes a file of the process below /proc. 0, or a negative errno. */
int id_map_write_text(int pid, const char *file, const char *text);
/* Writes its uid_map or gid_map. 0, or a negative errno. */
int id_map_write(int pid, const char *file, const struct id_map *maps, size_t count);
/* A user namespace in which a user and a group of the disk are the workload's of the plan, and
 * no others are known, for a mount. A descriptor, or a negative errno. */
int id_map_owner_userns(const struct plan *plan, uint32_t uid, uint32_t gid);
/* What root inside is on disk where a volume is mapped: no user of any host, least of all root, so
 * that what it leaves in a volume has nobody's rights. The last number of the range that
 * workloads get users of their own from, of which no workload gets this one
 * (dev.nucleus.preparation.Identities). */
#define ROOT_ON_DISK 2013265919U
/* A user namespace in which the container's users are on disk what they are inside, but root is
 * ROOT_ON_DISK, for a mount. A descriptor, or a negative errno. */
int id_map_volume_userns(const struct plan *plan);
/* What a user or group of the container is outside. */
uint32_t id_map_outside(const struct id_map *maps, size_t count, uint32_t inside);
/* Makes the workload's user, as the host knows it, the owner of a pipe's end: it is opened
 * again through /dev/stdout (proc(5)). */
void id_map_chown_pipe(const struct plan *plan, int fd);

#endif
