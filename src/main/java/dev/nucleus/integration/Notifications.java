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
 * Turns what happens into notifications, and hands them to whoever sends them. One of a kind about one replica goes out a minute
 * at most; each sender gets three tries; nothing waits for any of it.
 */
final class Notifications implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(Notifications.class);
    private static final Duration QUIET = Duration.ofMinutes(1);
    private static final int WAITING = 1_000;
    private static final RetryTemplate TRIES = new RetryTemplate(RetryPolicy.builder()
            .maxRetries(2)
            .delay(Duration.ofSeconds(2))
            .multiplier(2)
            .build());

    private final List<NotificationSender> senders;
    private final BlockingQueue<Notification> waiting = new LinkedBlockingQueue<>(WAITING);
    private final Map<String, Instant> told = new ConcurrentHashMap<>();
    private final Duration lasting;
    private final TaskScheduler scheduler;
    /** Replicas that wait or are not ready, with the change that began it. */
    private final Map<String, Lasting> unready = new ConcurrentHashMap<>();

    private volatile boolean running;
    private @Nullable Thread thread;

    /**
     * @param begin with which it stopped being ready, or began to wait
     * @param told whether that has lasted, and was told
     */
    private record Lasting(Transition begin, Transition last, boolean told) {}

    /** @param lasting how long a replica waits, or is not ready, before that is told */
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
            tell(new Notification(
                    kind,
                    last.at(),
                    replica.name(),
                    last.to().words(),
                    last.cause(),
                    replica.name() + " is " + last.to().words() + ": " + last.cause()));
        }
    }

    /** @return whether it was told that the replica has not been ready for long, which is over */
    private boolean watch(String replica, Transition last) {
        if (senders.isEmpty()) {
            return false;
        }
        if (!isUnready(last.to())) {
            Lasting over = unready.remove(replica);
            return over != null && over.told();
        }
        Lasting now = unready.merge(
                replica,
                new Lasting(last, last, false),
                (before, _) -> new Lasting(before.begin(), last, before.told()));
        if (now.begin().equals(last)) {
            scheduler.schedule(() -> tellLasting(replica, last), Instant.now().plus(lasting));
        }
        return false;
    }

    private static boolean isUnready(ReplicaStatus status) {
        return status == ReplicaStatus.WAITING || status == ReplicaStatus.STARTING || status == ReplicaStatus.NOT_READY;
    }

    private void tellLasting(String replica, Transition begin) {
        Lasting now = unready.computeIfPresent(
                replica, (_, lasts) -> lasts.begin().equals(begin) ? new Lasting(begin, lasts.last(), true) : lasts);
        if (now == null || !now.begin().equals(begin)) {
            // It was over meanwhile.
            return;
        }
        Transition last = now.last();
        boolean waiting = last.to() == ReplicaStatus.WAITING;
        tell(new Notification(
                waiting ? Notification.Kind.WAITING : Notification.Kind.NOT_READY,
                Instant.now(),
                replica,
                last.to().words(),
                last.cause(),
                replica + (waiting ? " has been waiting for " : " has not been ready for ") + Durations.format(lasting)
                        + ": " + last.cause()));
    }

    private static Set<Notification.Kind> kinds(ReplicaView replica, Transition last) {
        var kinds = EnumSet.noneOf(Notification.Kind.class);
        switch (last.to()) {
            case CRASHED, FAILED, UNHEALTHY -> kinds.add(Notification.Kind.DOWN);
            case CRASH_LOOP -> {
                // Told of with each end, not with what its readiness probe says meanwhile.
                if (!last.isReadinessInCrashLoop()) {
                    kinds.add(Notification.Kind.CRASH_LOOP);
                }
            }
            default -> {
                // Says nothing by itself.
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

    /** Since it was ready, or ran unchecked, before. */
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
                    // Further back.
                }
            }
        }
        return false;
    }

    @EventListener
    void on(BudgetSpent event) {
        String service = event.level().fleet() + "/" + event.level().service();
        tell(new Notification(
                Notification.Kind.BUDGET_LOW,
                Instant.now(),
                service,
                event.percent() + " % spent",
                "unavailable for " + event.level().measured().unavailable().toSeconds() + " s",
                service + " has spent " + event.percent() + " % of its error budget"));
    }

    private void tell(Notification notification) {
        if (senders.isEmpty()) {
            return;
        }
        String key = notification.kind() + " " + notification.about() + " "
                + (notification.kind() == Notification.Kind.BUDGET_LOW ? notification.status() : "");
        Instant now = notification.at();
        Instant before = told.get(key);
        if (before != null && before.plus(QUIET).isAfter(now)) {
            return;
        }
        told.put(key, now);
        if (!waiting.offer(notification)) {
            log.warn("too many notifications wait; this one is not sent: {}", notification.text());
        }
    }

    private void work() {
        try {
            while (running) {
                Notification notification = waiting.take();
                senders.stream()
                        .filter(sender -> sender.wants(notification))
                        .forEach(sender ->
                                Thread.ofVirtual().name("notification").start(() -> send(sender, notification)));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void send(NotificationSender sender, Notification notification) {
        try {
            TRIES.invoke(() -> sender.send(notification));
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
