package dev.nucleus.cli;

import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerEvent;
import dev.nucleus.fleet.ReplicaChanged;
import dev.nucleus.fleet.ReplicaView;
import dev.nucleus.fleet.Transition;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/**
 * The last {@value #KEPT} events of containers and replicas, for {@code nucleus events}. {@code lock} guards every
 * field.
 */
@Component
final class EventLog {

    private static final int KEPT = 2_000;

    /**
     * An event of a container or a replica.
     *
     * @param type container or replica
     * @param event what happened, in a word or two
     * @param id ID of the container, or empty
     * @param detail further details, or empty
     */
    record Event(Instant time, String type, String event, String name, String id, String detail) {}

    /**
     * Events from a number on.
     *
     * @param missed how many of them had been dropped already
     * @param next number of the event to continue with
     */
    record Batch(List<Event> events, long missed, long next) {}

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition added = lock.newCondition();
    private final Deque<Event> events = new ArrayDeque<>();
    /** The number of the next event. */
    private long next;

    @EventListener
    void on(ContainerEvent happened) {
        switch (happened) {
            case ContainerEvent.Started(var container, var state) ->
                add(new Event(
                        state.startedAt(),
                        "container",
                        "started",
                        container.name(),
                        container.id(),
                        "pid " + state.pid()));
            case ContainerEvent.Adopted(var container) ->
                add(container, "adopted", "was running when the manager started");
            case ContainerEvent.Stopped(var container, var state) ->
                add(new Event(
                        state.exitedAt(), "container", "stopped", container.name(), container.id(), state.toString()));
            case ContainerEvent.Failed(var container, var _, var why) ->
                add(container, "launch failed", String.valueOf(why.getMessage()));
            // Arguments may contain secrets.
            case ContainerEvent.Executed(var container, var command) -> add(container, "exec", command.getFirst());
            case ContainerEvent.Removed(var container) -> add(container, "removed", "");
            case ContainerEvent.Confined _, ContainerEvent.InitActed _ -> {
                // Recorded only in the audit trail.
            }
        }
    }

    @EventListener
    void on(ReplicaChanged happened) {
        ReplicaView replica = happened.replica();
        Transition last = replica.history().getLast();
        add(new Event(
                last.at(),
                "replica",
                last.to().words(),
                replica.name(),
                replica.containerId().orElse(""),
                last.cause()));
    }

    private void add(Container container, String event, String detail) {
        add(new Event(Instant.now(), "container", event, container.name(), container.id(), detail));
    }

    private void add(Event event) {
        lock.lock();
        try {
            events.add(event);
            next++;
            if (events.size() > KEPT) {
                events.removeFirst();
            }
            added.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Returns the present events from a number on; 0: all that are kept. */
    Batch from(long number) {
        lock.lock();
        try {
            return batch(number);
        } finally {
            lock.unlock();
        }
    }

    /** Waits until there are events from a number on, or the reader has disconnected. */
    Batch await(long number, Future<?> left) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (next <= number && !left.isDone()) {
                added.await();
            }
            return batch(number);
        } finally {
            lock.unlock();
        }
    }

    /** Wakes the readers, one of which may have disconnected. */
    void wake() {
        lock.lock();
        try {
            added.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private Batch batch(long number) {
        long first = next - events.size();
        long skipped = Math.max(0, number - first);
        return new Batch(events.stream().skip(skipped).toList(), number == 0 ? 0 : Math.max(0, first - number), next);
    }
}
