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
 * Tells systemd that the manager is ready, how its containers fare, and that it is still at work: the watchdog's word comes from
 * the same scheduler that probes do, so a manager whose schedule stands still is restarted.
 *
 * @see <a href="https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html">sd_notify(3)</a>
 */
@Component
final class SystemdNotifier {

    private final SystemdProperties properties;
    private final Fleets fleets;
    private final TaskScheduler scheduler;
    private volatile boolean ready;
    private String told = "";

    SystemdNotifier(SystemdProperties properties, Fleets fleets, TaskScheduler scheduler) {
        this.properties = properties;
        this.fleets = fleets;
        this.scheduler = scheduler;
    }

    private boolean wanted() {
        return !Objects.requireNonNullElse(properties.notifySocket(), "").isEmpty();
    }

    private void send(String text) {
        UnixDatagrams.send(Objects.requireNonNull(properties.notifySocket()), text);
    }

    @EventListener
    void on(ApplicationReadyEvent event) {
        if (!wanted()) {
            return;
        }
        send("READY=1\nSTATUS=" + status(fleets.fleets()));
        ready = true;
        if (properties.watchdogMicros() > 0) {
            scheduler.scheduleAtFixedRate(
                    () -> send("WATCHDOG=1"), Duration.of(properties.watchdogMicros() / 2, ChronoUnit.MICROS));
        }
    }

    @EventListener
    void on(ContextClosedEvent event) {
        if (wanted()) {
            ready = false;
            send("STOPPING=1\nSTATUS=leaves; containers run on");
        }
    }

    @Scheduled(fixedDelay = 1, timeUnit = TimeUnit.SECONDS)
    void tell() {
        if (!ready) {
            return;
        }
        String status = status(fleets.fleets());
        if (!status.equals(told)) {
            told = status;
            send("STATUS=" + status);
        }
    }

    /** One line, as {@code systemctl status} shows it. */
    static String status(List<FleetView> fleets) {
        List<ReplicaView> wrong = fleets.stream()
                .flatMap(fleet -> fleet.services().stream())
                .flatMap(service -> service.replicas().stream())
                .filter(replica -> replica.status().health().equals(Status.DOWN))
                .toList();
        String words = ReplicaCounts.of(fleets).words();
        if (wrong.isEmpty()) {
            return words;
        }
        ReplicaView first = wrong.getFirst();
        return words + "; " + first.name() + " is " + first.status().words()
                + (wrong.size() == 1 ? "" : ", and " + (wrong.size() - 1) + " more are down");
    }
}
