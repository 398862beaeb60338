package dev.nucleus.integration;

import dev.nucleus.fleet.Cause;
import dev.nucleus.fleet.ReplicaChanged;
import dev.nucleus.fleet.ReplicaStatus;
import dev.nucleus.fleet.ReplicaView;
import dev.nucleus.fleet.Transition;
import dev.nucleus.history.BudgetSpent;
import dev.nucleus.spec.Durations;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.event.EventListener;
import org.springframework.core.retry.RetryPolicy;
import org.springframework.core.retry.RetryTemplate;
import org.springframework.scheduling.TaskScheduler;

/**
 * Turns events into notifications and passes them to the senders. At most one notification of a kind about one replica
 * is sent per minute, each sender has three attempts, and nothing waits for any of them.
 */
final class Notifications implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(Notifications.class);
    private static final Duration MIN_INTERVAL = Duration.ofMinutes(1);
    private static final int QUEUE_CAPACITY = 1_000;
    private static final RetryTemplate ATTEMPTS = new RetryTemplate(RetryPolicy.builder()
            .maxRetries(2)
            .delay(Duration.ofSeconds(2))
            .multiplier(2)
            .build());

    private final List<NotificationSender> senders;
    private final BlockingQueue<Notification> waiting = new LinkedBlockingQueue<>(QUEUE_CAPACITY);
    private final Map<String, Instant> lastSent = new ConcurrentHashMap<>();
    private final Duration lasting;
    private final TaskScheduler scheduler;
    /** Replicas that wait or are not ready, by name. */
    private final Map<String, UnreadyPeriod> unready = new ConcurrentHashMap<>();

    private volatile boolean running;
    private @Nullable Thread thread;

    /**
     * A period in which a replica waits or is not ready.
     *
     * @param begin the transition that began it
     * @param last the last transition in it
     * @param isPublished whether it has lasted long enough, and a notification was sent
     */
    private record UnreadyPeriod(Transition begin, Transition last, boolean isPublished) {}

    /** @param lasting how long a replica waits, or is not ready, before a notification is sent */
    Notifications(List<NotificationSender> senders, Duration lasting, TaskScheduler scheduler) {
        this.senders = senders;
        this.lasting = lasting;
        this.scheduler = scheduler;
    }

    @EventListener
    void on(ReplicaChanged event) {
        ReplicaView replica = event.replica();
        Transition last = replica.history().getLast();
        Set<Notification.Kind> kinds = kinds(replica, last);
        if (watch(replica.name(), last) && last.to().serves()) {
            kinds.add(Notification.Kind.RECOVERED);
        }
        for (Notification.Kind kind : kinds) {
            publish(new Notification(
                    kind,
                    last.at(),
                    replica.name(),
                    last.to().words(),
                    last.cause(),
                    replica.name() + " is " + last.to().predicate() + ": " + last.cause()));
        }
    }

    /** @return whether a published period without readiness has ended */
    private boolean watch(String replica, Transition last) {
        if (senders.isEmpty()) {
            return false;
        }
        if (!isUnready(last.to())) {
            UnreadyPeriod ended = unready.remove(replica);
            return ended != null && ended.isPublished();
        }
        UnreadyPeriod now = unready.merge(
                replica,
                new UnreadyPeriod(last, last, false),
                (before, _) -> new UnreadyPeriod(before.begin(), last, before.isPublished()));
        if (now.begin().equals(last)) {
            var _ = scheduler.schedule(
                    () -> publishIfStillUnready(replica, last), Instant.now().plus(lasting));
        }
        return false;
    }

    private static boolean isUnready(ReplicaStatus status) {
        return status == ReplicaStatus.WAITING || status == ReplicaStatus.STARTING || status == ReplicaStatus.NOT_READY;
    }

    private void publishIfStillUnready(String replica, Transition begin) {
        UnreadyPeriod now = unready.computeIfPresent(
                replica,
                (_, period) -> period.begin().equals(begin) ? new UnreadyPeriod(begin, period.last(), true) : period);
        if (now == null || !now.begin().equals(begin)) {
            // The period has ended since.
            return;
        }
        Transition last = now.last();
        boolean waiting = last.to() == ReplicaStatus.WAITING;
        publish(new Notification(
                waiting ? Notification.Kind.WAITING : Notification.Kind.NOT_READY,
                Instant.now(),
                replica,
                last.to().words(),
                last.cause(),
                replica + (waiting ? " has not started for " : " has not been ready for ") + Durations.format(lasting)
                        + ": " + last.cause()));
    }

    private static Set<Notification.Kind> kinds(ReplicaView replica, Transition last) {
        var kinds = EnumSet.noneOf(Notification.Kind.class);
        switch (last.to()) {
            case CRASHED, FAILED, UNHEALTHY -> kinds.add(Notification.Kind.DOWN);
            case CRASH_LOOP -> {
                // On each exit, not on each result of the readiness probe in between.
                if (!last.isReadinessInCrashLoop()) {
                    kinds.add(Notification.Kind.CRASH_LOOP);
                }
            }
            default -> {
                // No notification of its own.
            }
        }
        if (last.to().serves() && wasDown(replica)) {
            kinds.add(Notification.Kind.RECOVERED);
        }
        if (last.kind() == Cause.Kind.OUT_OF_MEMORY && !kinds.isEmpty()) {
            kinds.add(Notification.Kind.OUT_OF_MEMORY);
        }
        if (replica.flapping()) {
            kinds.add(Notification.Kind.FLAPPING);
        }
        return kinds;
    }

    /** Whether the replica was down since it was last ready, or running without a probe. */
    private static boolean wasDown(ReplicaView replica) {
        List<Transition> before = replica.history().subList(0, replica.history().size() - 1);
        for (Transition transition : before.reversed()) {
            switch (transition.to()) {
                case READY, RUNNING -> {
                    return false;
                }
                case CRASHED, CRASH_LOOP, FAILED, UNHEALTHY -> {
                    return true;
                }
                default -> {
                    // Look further back.
                }
            }
        }
        return false;
    }

    @EventListener
    void on(BudgetSpent event) {
        String service = event.level().fleet() + "/" + event.level().service();
        publish(new Notification(
                Notification.Kind.BUDGET_LOW,
                Instant.now(),
                service,
                event.percent() + " % spent",
                "unavailable for " + event.level().measured().unavailable().toSeconds() + " s",
                service + " has spent " + event.percent() + " % of its error budget"));
    }

    private void publish(Notification notification) {
        if (senders.isEmpty()) {
            return;
        }
        String key = notification.kind() + " " + notification.about() + " "
                + (notification.kind() == Notification.Kind.BUDGET_LOW ? notification.status() : "");
        Instant now = notification.at();
        Instant before = lastSent.get(key);
        if (before != null && before.plus(MIN_INTERVAL).isAfter(now)) {
            return;
        }
        lastSent.put(key, now);
        if (!waiting.offer(notification)) {
            log.warn("the notification queue is full; dropped: {}", notification.text());
        }
    }

    private void work() {
        try {
            while (running) {
                Notification notification = waiting.take();
                senders.stream()
                        .filter(sender -> sender.accepts(notification))
                        .forEach(sender ->
                                Thread.ofVirtual().name("notification").start(() -> send(sender, notification)));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void send(NotificationSender sender, Notification notification) {
        try {
            ATTEMPTS.invoke(() -> sender.send(notification));
        } catch (RuntimeException e) {
            log.warn("{} could not deliver '{}': {}", sender, notification.text(), e.getMessage());
        }
    }

    @Override
    public void start() {
        running = true;
        thread = Thread.ofVirtual().name("notifications").start(this::work);
    }

    @Override
    public void stop() {
        running = false;
        if (thread != null) {
            thread.interrupt();
        }
    }

    @Override
    public boolean isRunning() {
        return running;
    }
}
