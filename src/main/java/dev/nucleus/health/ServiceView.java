package dev.nucleus.health;

import java.util.List;

/**
 * A service of a fleet at one moment.
 *
 * @param critical whether the manager takes no traffic without it
 * @param checked whether a probe checks it: what nothing checks can run, but is never ready
 */
public record ServiceView(
        String name, boolean job, boolean critical, boolean checked, int desired, List<ReplicaView> replicas) {

    public long ready() {
        return count(ReplicaStatus.READY);
    }

    /** How many take work. */
    public long serving() {
        return replicas.stream().filter(ReplicaView::serving).count();
    }

    long count(ReplicaStatus status) {
        return replicas.stream().filter(replica -> replica.status() == status).count();
    }
}
