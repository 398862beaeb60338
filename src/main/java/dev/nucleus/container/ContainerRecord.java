package dev.nucleus.container;

import dev.nucleus.network.NetworkMember;
import dev.nucleus.network.NetworkRecord;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The facts that a manager needs about a container that an earlier one started; stored in {@code state.json}.
 *
 * @param replica the fleet replica that it is; null for a container run by hand
 * @param network its place on networks; null: it has none
 * @param attached whether it belongs to a client that waits for it, and is removed when it ends
 */
public record ContainerRecord(
        String id,
        String name,
        Instant createdAt,
        @Nullable ReplicaRecord replica,
        boolean attached,
        @Nullable NetworkRecord network) {

    /** Of a container without networks. */
    public ContainerRecord(
            String id, String name, Instant createdAt, @Nullable ReplicaRecord replica, boolean attached) {
        this(id, name, createdAt, replica, attached, null);
    }

    /** The same container on these networks. */
    ContainerRecord on(Optional<NetworkRecord> networks) {
        return new ContainerRecord(id, name, createdAt, replica, attached, networks.orElse(null));
    }

    /** The container as a member of networks. */
    public NetworkMember member() {
        return new NetworkMember(
                id,
                name,
                Optional.ofNullable(replica).map(its -> new NetworkMember.ServiceName(its.fleet(), its.service())));
    }

    /**
     * @param specHash hash of the service's specification at its launch
     * @param restarts how often in a row the replica had ended by itself before this launch
     * @param totalRestarts all restarts of the replica before this launch
     * @param fileDigests digests, at its launch, of the secret and policy files in its specification, by name; null if
     *     an earlier version launched it
     */
    public record ReplicaRecord(
            String fleet,
            String service,
            int number,
            String specHash,
            int restarts,
            int totalRestarts,
            @Nullable Map<String, String> fileDigests) {

        public ReplicaRecord {
            fileDigests = fileDigests == null ? null : Map.copyOf(fileDigests);
        }

        public ReplicaRecord(
                String fleet, String service, int number, String specHash, int restarts, int totalRestarts) {
            this(fleet, service, number, specHash, restarts, totalRestarts, Map.of());
        }
    }
}
