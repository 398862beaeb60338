package dev.nucleus.container;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a manager must know of a container that an earlier manager started: {@code state.json}.
 *
 * @param replica which replica of which fleet it is; null for one that was run by hand
 * @param attached whether it belongs to a command line that waits for it, and is removed with it
 */
public record ContainerRecord(
        String id, String name, Instant createdAt, @Nullable ReplicaRecord replica, boolean attached) {

    /**
     * @param specHash of the service's specification when it was launched
     * @param restarts how many came before it without a long life between
     * @param totalRestarts how many came before it in all
     * @param fileDigests by the secrets and policy files of its specification, of what they held when it was launched; null
     *     of one that an earlier version launched
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
