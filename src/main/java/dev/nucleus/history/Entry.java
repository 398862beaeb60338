package dev.nucleus.history;

import dev.nucleus.fleet.Cause;
import dev.nucleus.fleet.ReplicaStatus;
import dev.nucleus.fleet.Transition;
import java.time.Instant;

/**
 * A transition of a replica, as stored.
 *
 * @param container ID of its container at the time; empty: none
 * @param restarts number of the replica's restarts up to then
 */
public record Entry(String fleet, String service, int replica, Transition transition, String container, int restarts) {

    static Entry of(
            String fleet,
            String service,
            int replica,
            long micros,
            String from,
            String to,
            boolean serving,
            String kind,
            String cause,
            String container,
            int restarts) {
        var transition = new Transition(
                instant(micros),
                ReplicaStatus.valueOf(from),
                ReplicaStatus.valueOf(to),
                serving,
                Cause.Kind.valueOf(kind),
                cause);
        return new Entry(fleet, service, replica, transition, container, restarts);
    }

    static Instant instant(long micros) {
        return Instant.ofEpochSecond(Math.floorDiv(micros, 1_000_000), Math.floorMod(micros, 1_000_000) * 1_000L);
    }

    static long micros(Instant instant) {
        return Math.addExact(Math.multiplyExact(instant.getEpochSecond(), 1_000_000), instant.getNano() / 1_000);
    }
}
