package dev.nucleus.network;

import dev.nucleus.plan.LaunchPlan;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The clean-up after containers that have ended, in the background: the kernel takes long for interfaces and conntrack
 * entries.
 */
final class EndedContainers {

    private static final Logger log = LoggerFactory.getLogger(EndedContainers.class);
    /** From the end of a container until its rules are removed. */
    private static final Duration REMOVAL_DELAY = Duration.ofMillis(200);
    /** From then on until its interface is removed, unless the kernel has done so with its namespace. */
    private static final Duration KERNEL_DELAY = Duration.ofSeconds(1);

    private static final Duration SHUTDOWN_TIMEOUT = Duration.ofMillis(200);

    private final NetworkState state;
    private final Runnable onRemoved;
    /** Their rules and addresses remain for the moment. */
    private final List<AttachedContainer> ended = new ArrayList<>();

    /** Addresses of containers that have ended, of which conntrack entries may be left. */
    private final Set<InetAddress> uncleaned = new HashSet<>();

    private final ScheduledExecutorService background = Executors.newSingleThreadScheduledExecutor(
            Thread.ofVirtual().name("networks-", 0).factory());
    /** Whether the next clean-up is scheduled. */
    private boolean isDue;

    private boolean closed;

    /** @param onRemoved called without the lock after rules, and perhaps networks, were removed */
    EndedContainers(NetworkState state, Runnable onRemoved) {
        this.state = state;
        this.onRemoved = onRemoved;
    }

    /**
     * Cleans up after a container whose ports are free already. Many that end at the same time are cleaned up together,
     * and none delays the launches meanwhile.
     */
    void add(AttachedContainer container) {
        ended.add(container);
        container.record().links().forEach(link -> link.addresses().all().forEach(uncleaned::add));
        if (!isDue && !closed) {
            isDue = true;
            later(REMOVAL_DELAY, () -> {
                remove();
                // A network may be gone, and with it its resolver.
                onRemoved.run();
            });
        }
    }

    private void later(Duration delay, Runnable removal) {
        var _ = background.schedule(
                () -> {
                    try {
                        removal.run();
                    } catch (RuntimeException | Error e) {
                        log.error("can't clean up after containers that have ended", e);
                    }
                },
                delay.toMillis(),
                TimeUnit.MILLISECONDS);
    }

    /** Removes the rules of the containers that have ended, and unused networks, at once. */
    void remove() {
        state.lock.lock();
        try {
            isDue = false;
            List<AttachedContainer> gone = List.copyOf(ended);
            ended.clear();
            if (gone.isEmpty() || closed) {
                return;
            }
            gone.forEach(container -> state.networks.release(container.record()));
            removeRules(gone);
            later(KERNEL_DELAY, () -> removeInterfaces(gone));
        } finally {
            state.lock.unlock();
        }
    }

    private void removeRules(List<AttachedContainer> gone) {
        var changes = new ArrayList<NetworkChange>();
        gone.forEach(container -> changes.addAll(state.rules.removed(container)));
        state.networks.unused(state.attached.all()).forEach(network -> changes.addAll(state.rules.removed(network)));
        try {
            if (state.networks.isEmpty()) {
                state.rules.removeAll();
            } else {
                state.rules.apply(changes);
                state.networks.freeSubnets();
            }
        } catch (IOException | RuntimeException e) {
            log.warn(
                    "can't remove the rules of containers that have ended; retrying with the next change: {}",
                    e.getMessage());
            state.rules.invalidate();
        }
    }

    /**
     * Removes the interfaces that the kernel has not removed with their namespaces, because a process elsewhere keeps
     * one by a descriptor; and conntrack entries. By a helper of its own and without the lock: the kernel takes its time.
     */
    private void removeInterfaces(List<AttachedContainer> gone) {
        List<LaunchPlan.Link> links = gone.stream()
                .flatMap(container -> container.record().links().stream())
                .toList();
        try {
            Set<String> existing = state.cleaner.list().links().stream()
                    .map(HostNetwork.Item::name)
                    .collect(Collectors.toSet());
            List<NetworkChange> removals = links.stream()
                    .map(LaunchPlan.Link::hostName)
                    .filter(existing::contains)
                    .<NetworkChange>map(NetworkChange.LinkRemoved::new)
                    .toList();
            if (!removals.isEmpty()) {
                state.cleaner.apply(removals);
            }
        } catch (IOException e) {
            log.warn("can't remove the interfaces of containers that have ended: {}", e.getMessage());
        }
        List<InetAddress> addresses = state.underLock(() -> links.stream()
                .flatMap(link -> link.addresses().all())
                .filter(uncleaned::contains)
                .toList());
        try {
            state.cleaner.deleteConntrackEntries(addresses);
            state.underLock(() -> uncleaned.removeAll(addresses));
        } catch (IOException e) {
            log.warn("can't delete the conntrack entries of {}: {}", addresses, e.toString());
        }
    }

    /** Deletes at once what is left of the last owners of addresses that are leased again, as a declared one may be. */
    void clean(List<InetAddress> addresses) {
        List<InetAddress> left = addresses.stream().filter(uncleaned::contains).toList();
        if (left.isEmpty()) {
            return;
        }
        try {
            state.host.deleteConntrackEntries(left);
            left.forEach(uncleaned::remove);
        } catch (IOException e) {
            log.warn("can't delete the conntrack entries of {}: {}", left, e.toString());
        }
    }

    /** Ends the clean-up: the next manager does what is left. */
    void close() {
        state.underLock(() -> closed = true);
        background.shutdownNow();
        try {
            background.awaitTermination(SHUTDOWN_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
