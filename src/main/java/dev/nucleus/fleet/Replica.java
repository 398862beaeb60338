package dev.nucleus.fleet;

import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerRecord;
import dev.nucleus.container.ContainerState;
import dev.nucleus.container.Containers;
import dev.nucleus.container.LaunchOrder;
import dev.nucleus.health.ProbeAnswer;
import dev.nucleus.health.ProbeLoop;
import dev.nucleus.health.ReplicaStatus;
import dev.nucleus.health.ReplicaView;
import dev.nucleus.isolation.LaunchRequest;
import dev.nucleus.spec.Durations;
import dev.nucleus.spec.ProbeSpec;
import dev.nucleus.spec.ServiceSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.TaskScheduler;

/**
 * Keeps one replica of a service alive. All decisions are taken by one virtual thread that reads its inbox; others
 * only put messages there or read {@link #view()}.
 */
final class Replica {

    private static final Logger log = LoggerFactory.getLogger(Replica.class);

    /** What happened, for the supervising thread. */
    private sealed interface Message {
        record Ended(Container container, ContainerState.Stopped state) implements Message {}

        record Turned(Container container, ProbeAnswer answer, boolean yes) implements Message {}

        /** A service it depends on changed. */
        record Nudge() implements Message {}

        /** @param leave whether the container is to run on */
        record Stop(boolean leave) implements Message {}
    }

    /** How a watch ended. */
    private sealed interface Outcome {
        record Exited(ContainerState.Stopped state) implements Outcome {}

        record Unhealthy(String cause) implements Outcome {}

        record StopAsked() implements Outcome {}

        record Left() implements Outcome {}
    }

    /** What a replica needs of its surroundings. */
    record Surroundings(
            Containers containers,
            TaskScheduler scheduler,
            Map<String, LaunchRequest.HostVolume> volumes,
            java.util.function.Predicate<ServiceSpec> dependenciesMet,
            java.util.function.Consumer<Replica> onChange) {}

    private final String fleet;
    private final ServiceSpec service;
    private final int number;
    private final Surroundings surroundings;
    private final ReplicaHistory history = new ReplicaHistory();
    private final BlockingQueue<Message> inbox = new LinkedBlockingQueue<>();
    private final Thread thread;
    private volatile @Nullable Container container;
    private volatile int restarts;
    private volatile int totalRestarts;

    Replica(String fleet, ServiceSpec service, int number, Surroundings surroundings) {
        this.fleet = fleet;
        this.service = service;
        this.number = number;
        this.surroundings = surroundings;
        this.thread = Thread.ofVirtual().name("replica-" + name()).unstarted(this::supervise);
    }

    String name() {
        return fleet + "/" + service.name() + "-" + number;
    }

    ServiceSpec service() {
        return service;
    }

    ReplicaStatus status() {
        return history.status();
    }

    /** Begins with what an earlier manager left: a container that runs, or one that ended meanwhile. */
    void start(Optional<Container> left) {
        left.ifPresent(found -> {
            container = found;
            Optional.ofNullable(found.record().replica()).ifPresent(entry -> {
                restarts = entry.restarts();
                totalRestarts = entry.totalRestarts();
            });
        });
        thread.start();
    }

    /** Ends the container, and the supervision with it. Waits. */
    void stop() throws InterruptedException {
        inbox.add(new Message.Stop(false));
        thread.join();
    }

    /** Ends the supervision; the container runs on for the next manager. Waits. */
    void leave() throws InterruptedException {
        inbox.add(new Message.Stop(true));
        if (thread.getState() != Thread.State.NEW) {
            thread.join();
        }
    }

    void nudge() {
        inbox.add(new Message.Nudge());
    }

    ReplicaView view() {
        ReplicaHistory.Now now = history.now();
        return new ReplicaView(
                fleet,
                service.name(),
                number,
                name(),
                Optional.ofNullable(container).map(Container::id),
                now.status(),
                now.since(),
                now.cause(),
                totalRestarts,
                now.history(),
                now.answers());
    }

    private void move(ReplicaStatus status, String cause) {
        if (history.move(status, cause)) {
            log.info("{} is {}: {}", name(), status.words(), cause);
            surroundings.onChange().accept(this);
        }
    }

    private void supervise() {
        try {
            Optional<Container> current = Optional.ofNullable(container);
            while (true) {
                if (current.isEmpty()) {
                    if (!awaitDependencies()) {
                        return;
                    }
                    current = launch();
                }
                Outcome outcome = current.isPresent()
                        ? watch(current.get())
                        : new Outcome.Exited(
                                new ContainerState.Stopped(Optional.empty(), Instant.now(), Optional.empty()));
                if (!goOn(outcome, current)) {
                    return;
                }
                current = Optional.empty();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            log.error("the supervision of {} failed", name(), e);
            move(ReplicaStatus.FAILED, "its supervision failed: " + e);
        }
    }

    /** @return false when it was stopped meanwhile */
    private boolean awaitDependencies() throws InterruptedException {
        while (!surroundings.dependenciesMet().test(service)) {
            move(
                    ReplicaStatus.WAITING,
                    "waits for " + String.join(", ", service.dependsOn().keySet()));
            if (inbox.take() instanceof Message.Stop) {
                move(ReplicaStatus.STOPPED, "stopped by the operator");
                return false;
            }
        }
        return true;
    }

    private Optional<Container> launch() {
        var entry = new ContainerRecord.ReplicaRecord(
                fleet, service.name(), number, SpecHash.of(service), restarts, totalRestarts);
        Container previous = container;
        move(
                ReplicaStatus.STARTING,
                totalRestarts == 0 ? "is launched" : "is launched again, restart " + totalRestarts);
        try {
            Container fresh = surroundings
                    .containers()
                    .launch(new LaunchOrder(
                            Optional.of(name()),
                            service.container(),
                            surroundings.volumes(),
                            Optional.of(entry),
                            false,
                            false));
            container = fresh;
            if (previous != null) {
                surroundings.containers().remove(previous);
            }
            return Optional.of(fresh);
        } catch (RuntimeException e) {
            log.warn("{} did not start: {}", name(), e.getMessage());
            move(ReplicaStatus.CRASHED, String.valueOf(e.getMessage()));
            return Optional.empty();
        }
    }

    private Outcome watch(Container watched) throws InterruptedException {
        watched.end().thenAccept(state -> inbox.add(new Message.Ended(watched, state)));
        if (watched.running()) {
            boolean probed = service.readiness().isPresent();
            move(probed ? ReplicaStatus.STARTING : ReplicaStatus.READY, probed ? "waits for its readiness" : "it runs");
        }
        List<ProbeLoop> probes = watched.running() ? startProbes(watched) : List.of();
        try {
            while (true) {
                switch (inbox.take()) {
                    case Message.Ended(var ended, var state)
                    when ended == watched -> {
                        return new Outcome.Exited(state);
                    }
                    case Message.Turned(var asked, var answer, var yes)
                    when asked == watched -> {
                        if (answer.role() == ProbeAnswer.Role.READINESS) {
                            move(yes ? ReplicaStatus.READY : ReplicaStatus.NOT_READY, "readiness: " + answer.detail());
                        } else if (!yes) {
                            return new Outcome.Unhealthy("liveness: " + answer.detail());
                        }
                    }
                    case Message.Stop(var leave) -> {
                        return leave ? new Outcome.Left() : new Outcome.StopAsked();
                    }
                    case Message.Ended _, Message.Turned _, Message.Nudge _ -> {
                        // Of a container before this one, or about somebody else's.
                    }
                }
            }
        } finally {
            probes.forEach(ProbeLoop::close);
        }
    }

    private List<ProbeLoop> startProbes(Container watched) {
        var probes = new ArrayList<ProbeLoop>();
        service.readiness().ifPresent(spec -> probes.add(startProbe(watched, ProbeAnswer.Role.READINESS, spec)));
        service.liveness().ifPresent(spec -> probes.add(startProbe(watched, ProbeAnswer.Role.LIVENESS, spec)));
        return probes;
    }

    private ProbeLoop startProbe(Container watched, ProbeAnswer.Role role, ProbeSpec spec) {
        return ProbeLoop.start(surroundings.scheduler(), watched, role, spec, new ProbeLoop.Listener() {
            @Override
            public void answered(ProbeAnswer answer) {
                history.answered(answer);
            }

            @Override
            public void turned(ProbeAnswer answer, boolean yes) {
                inbox.add(new Message.Turned(watched, answer, yes));
            }
        });
    }

    /** @return whether the replica is to be started again, its pause over */
    private boolean goOn(Outcome outcome, Optional<Container> ended) throws InterruptedException {
        return switch (outcome) {
            case Outcome.Left() -> false;
            case Outcome.StopAsked() -> {
                ended.ifPresent(running -> surroundings.containers().stop(running, service.stop()));
                move(ReplicaStatus.STOPPED, "stopped by the operator");
                yield false;
            }
            case Outcome.Unhealthy(var cause) -> {
                move(ReplicaStatus.UNHEALTHY, cause);
                ContainerState.Stopped state = surroundings.containers().stop(ended.orElseThrow(), service.stop());
                yield pauseOrGiveUp(state, cause, 1);
            }
            case Outcome.Exited(var state) -> {
                String cause =
                        ended.isPresent() ? state.toString() : history.now().cause();
                int code = state.status().map(status -> status.code()).orElse(1);
                if (service.job() && code == 0) {
                    move(ReplicaStatus.COMPLETED, "exit code 0");
                    yield awaitStop();
                }
                yield pauseOrGiveUp(state, cause, code);
            }
        };
    }

    private boolean pauseOrGiveUp(ContainerState.Stopped state, String cause, int code) throws InterruptedException {
        boolean livedLong = state.startedAt()
                .map(at -> Duration.between(at, state.exitedAt())
                                .compareTo(service.restart().backoff().resetAfter())
                        >= 0)
                .orElse(false);
        restarts = livedLong ? 0 : restarts;
        if (!service.restart().restartsAfter(code, restarts)) {
            move(ReplicaStatus.FAILED, cause + "; restart: " + service.restart());
            return awaitStop();
        }
        Duration pause = service.restart().backoff().delay(restarts);
        move(ReplicaStatus.CRASHED, cause + "; starts again in " + Durations.format(pause));
        restarts++;
        totalRestarts++;
        return pause(pause);
    }

    /** @return false when it was stopped meanwhile */
    private boolean pause(Duration pause) throws InterruptedException {
        long until = System.nanoTime() + pause.toNanos();
        while (true) {
            Message message = inbox.poll(until - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (message == null) {
                return true;
            }
            if (message instanceof Message.Stop(var leave)) {
                if (!leave) {
                    move(ReplicaStatus.STOPPED, "stopped by the operator");
                }
                return false;
            }
        }
    }

    private boolean awaitStop() throws InterruptedException {
        while (true) {
            if (inbox.take() instanceof Message.Stop(var leave)) {
                if (!leave) {
                    move(ReplicaStatus.STOPPED, "stopped by the operator");
                }
                return false;
            }
        }
    }
}
