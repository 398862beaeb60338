package dev.nucleus.dns;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/** Limits concurrent work, in total and of each container. Thread-safe. */
final class ClientQuota {

    private final int perClient;
    private final int total;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Integer> acquired = new HashMap<>();
    private int all;

    ClientQuota(int perClient, int total) {
        this.perClient = perClient;
        this.total = total;
    }

    /** Whether the container may do one thing more; then {@link #release} is called at its end. */
    boolean tryAcquire(String container) {
        lock.lock();
        try {
            int own = acquired.getOrDefault(container, 0);
            if (own >= perClient || all >= total) {
                return false;
            }
            acquired.put(container, own + 1);
            all++;
            return true;
        } finally {
            lock.unlock();
        }
    }

    void release(String container) {
        lock.lock();
        try {
            acquired.computeIfPresent(container, (_, count) -> count == 1 ? null : count - 1);
            all--;
        } finally {
            lock.unlock();
        }
    }
}
