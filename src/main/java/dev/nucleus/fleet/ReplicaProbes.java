package dev.nucleus.fleet;

import dev.nucleus.container.Container;
import dev.nucleus.health.ProbeAnswer;
import dev.nucleus.health.ProbeAnswer.Role;
import dev.nucleus.health.ProbeLoop;
import dev.nucleus.spec.ProbeSpec;
import dev.nucleus.spec.ServiceSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.springframework.scheduling.TaskScheduler;

/**
 * The probes of one container and what they say together: first the startup probe alone, after its yes the others, as
 * Kubernetes has it. Confined to the replica's supervising thread.
 */
final class ReplicaProbes implements AutoCloseable {

    private final TaskScheduler scheduler;
    private final Container container;
    private final ServiceSpec service;
    private final Duration spread;
    private final ProbeLoop.Listener listener;
    private final List<ProbeLoop> loops = new ArrayList<>();
    private final ProbeVerdicts verdicts;

    /** @param spread the most by which the first tries are later, at random */
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
        this.verdicts = new ProbeVerdicts(service);
    }

    void start() {
        service.startup().ifPresentOrElse(spec -> add(Role.STARTUP, spec), this::startOthers);
    }

    /** Compose's healthcheck is tried once for both. */
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

    /** Takes a verdict in. A startup probe's no is not for it to take. */
    void turned(ProbeAnswer answer, boolean yes) {
        verdicts.add(answer, yes);
        if (answer.role() == Role.STARTUP) {
            close();
            startOthers();
        }
    }

    Standing standing() {
        return verdicts.standing();
    }

    @Override
    public void close() {
        loops.forEach(ProbeLoop::close);
        loops.clear();
    }
}
