package dev.nucleus.names;

import java.net.InetAddress;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** What clients do at the same time, so that no single one takes all there is. Thread-safe. */
final class ClientQuota {

    private final ConcurrentMap<InetAddress, Integer> taken = new ConcurrentHashMap<>();

    /** Whether the client may do one more. */
    boolean tryTake(InetAddress client, int most) {
        boolean[] granted = new boolean[1];
        taken.compute(client, (_, count) -> {
            int before = count == null ? 0 : count;
            granted[0] = before < most;
            return granted[0] ? Integer.valueOf(before + 1) : count;
        });
        return granted[0];
    }

    void giveBack(InetAddress client) {
        taken.computeIfPresent(client, (_, count) -> count == 1 ? null : count - 1);
    }
}
