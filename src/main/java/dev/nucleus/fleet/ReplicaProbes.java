package dev.nucleus.fleet;

import dev.nucleus.container.Container;
import dev.nucleus.probe.ProbeLoop;
import dev.nucleus.probe.ProbeResult.Role;
import dev.nucleus.spec.ProbeSpec;
import dev.nucleus.spec.ServiceSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.springframework.scheduling.TaskScheduler;

/**
 * The running probes of one container: first the startup probe only, and after its success the others, as in
 * Kubernetes. Confined to the replica's supervising thread.
 */
final class ReplicaProbes implements AutoCloseable {

    private final TaskScheduler scheduler;
    private final Container container;
    private final ServiceSpec service;
    private final Duration spread;
    private final ProbeLoop.Listener listener;
    private final List<ProbeLoop> loops = new ArrayList<>();

    /** @param spread maximum random delay of the first attempts */
    ReplicaProbes(
            TaskScheduler scheduler,
            Container container,
            ServiceSpec service,
            Duration spread,
            ProbeLoop.Listener listener) {
        this.scheduler = scheduler;
        this.container = container;
        this.service = service;
        this.spread = spread;
        this.listener = listener;
    }

    void start() {
        service.startup().ifPresentOrElse(spec -> add(Role.STARTUP, spec), this::startOthers);
    }

    /** Compose's healthcheck is one probe for readiness and liveness. */
    private boolean isOneCheck() {
        return service.readiness().flatMap(ProbeSpec::healthcheck).isPresent();
    }

    private void startOthers() {
        service.readiness().filter(_ -> !isOneCheck()).ifPresent(spec -> add(Role.READINESS, spec));
        service.liveness().ifPresent(liveness -> add(Role.LIVENESS, liveness.probe()));
    }

    private void add(Role role, ProbeSpec spec) {
        loops.add(ProbeLoop.start(scheduler, container, role, spec, spread, listener));
    }

    /** The startup probe has succeeded. */
    void startRemaining() {
        close();
        startOthers();
    }

    @Override
    public void close() {
        loops.forEach(ProbeLoop::close);
        loops.clear();
    }
}
