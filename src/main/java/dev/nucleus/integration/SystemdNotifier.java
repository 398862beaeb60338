package dev.nucleus.integration;

import dev.nucleus.fleet.FleetView;
import dev.nucleus.fleet.Fleets;
import dev.nucleus.fleet.ReplicaCounts;
import dev.nucleus.fleet.ReplicaView;
import dev.nucleus.kernel.UnixDatagrams;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.health.contributor.Status;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.scheduling.TaskScheduler;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/**
 * Reports the manager's readiness and a summary of its replicas to systemd, and serves its watchdog. The watchdog
 * message is sent by the scheduler that also schedules probes, so systemd restarts a manager whose scheduled tasks do
 * not run.
 *
 * @see <a href="https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html">sd_notify(3)</a>
 */
@Component
final class SystemdNotifier {

    private final SystemdProperties properties;
    private final Fleets fleets;
    private final TaskScheduler scheduler;
    private volatile boolean ready;
    private String lastStatus = "";

    SystemdNotifier(SystemdProperties properties, Fleets fleets, TaskScheduler scheduler) {
        this.properties = properties;
        this.fleets = fleets;
        this.scheduler = scheduler;
    }

    private boolean isEnabled() {
        return !Objects.requireNonNullElse(properties.notifySocket(), "").isEmpty();
    }

    private void send(String text) {
        UnixDatagrams.send(Objects.requireNonNull(properties.notifySocket()), text);
    }

    @EventListener
    void on(ApplicationReadyEvent event) {
        if (!isEnabled()) {
            return;
        }
        send("READY=1\nSTATUS=" + status(fleets.fleets()));
        ready = true;
        if (properties.watchdogMicros() > 0) {
            var _ = scheduler.scheduleAtFixedRate(
                    () -> send("WATCHDOG=1"), Duration.of(properties.watchdogMicros() / 2, ChronoUnit.MICROS));
        }
    }

    @EventListener
    void on(ContextClosedEvent event) {
        if (isEnabled()) {
            ready = false;
            send("STOPPING=1\nSTATUS=stopping; containers keep running");
        }
    }

    @Scheduled(fixedDelay = 1, timeUnit = TimeUnit.SECONDS)
    void sendStatus() {
        if (!ready) {
            return;
        }
        String status = status(fleets.fleets());
        if (!status.equals(lastStatus)) {
            lastStatus = status;
            send("STATUS=" + status);
        }
    }

    /** One line, as {@code systemctl status} shows it. */
    static String status(List<FleetView> fleets) {
        List<ReplicaView> down = fleets.stream()
                .flatMap(fleet -> fleet.services().stream())
                .flatMap(service -> service.replicas().stream())
                .filter(replica -> replica.status().health().equals(Status.DOWN))
                .toList();
        String words = ReplicaCounts.of(fleets).words();
        if (down.isEmpty()) {
            return words;
        }
        ReplicaView first = down.getFirst();
        return words + "; " + first.name() + " is " + first.status().predicate()
                + (down.size() == 1 ? "" : ", and " + (down.size() - 1) + " more are down");
    }
}
