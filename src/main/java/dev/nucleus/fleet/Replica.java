package dev.nucleus.fleet;

import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerRecord;
import dev.nucleus.container.ContainerState;
import dev.nucleus.container.Containers;
import dev.nucleus.container.LaunchOrder;
import dev.nucleus.container.StopFailedException;
import dev.nucleus.health.Cause;
import dev.nucleus.health.ProbeAnswer;
import dev.nucleus.health.ProbeLoop;
import dev.nucleus.health.ReplicaStatus;
import dev.nucleus.health.ReplicaView;
import dev.nucleus.isolation.LaunchRequest;
import dev.nucleus.spec.Durations;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.LivenessSpec;
import dev.nucleus.spec.RestartPolicy;
import dev.nucleus.spec.ServiceSpec;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
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
    /** With which end in a row it is a loop. */
    private static final int CRASH_LOOP = 5;
    /** Within what time those that a start of the manager finds are asked again. */
    private static final Duration ADOPTION_SPREAD = Duration.ofSeconds(1);

    /** What happened, for the supervising thread. */
    private sealed interface Message {
        /** It runs: at once, unless its shim was silent when it was taken over. */
        record Started(Container container) implements Message {}

        record Ended(Container container, ContainerState.Stopped state) implements Message {}

        record Turned(Container container, ProbeAnswer answer, boolean yes) implements Message {}

        /** The operator wants it to run. */
        record Start() implements Message {}

        /** A service it depends on changed. */
        record Nudge() implements Message {}

        /**
         * @param leave whether the container is to run on
         * @param how it is asked to end, otherwise
         */
        record Stop(boolean leave, StopSpec how) implements Message {}
    }

    /** How a watch ended. */
    private sealed interface Outcome {
        record Exited(ContainerState.Stopped state) implements Outcome {}

        /** @param forGood whether it stays stopped */
        record Unhealthy(Cause cause, boolean forGood) implements Outcome {}

        record StopAsked(StopSpec how) implements Outcome {}

        record Left() implements Outcome {}
    }

    /** What a replica needs of its surroundings. */
    record Surroundings(
            Containers containers,
            TaskScheduler scheduler,
            Map<String, LaunchRequest.HostVolume> volumes,
            java.util.function.Predicate<ServiceSpec> dependenciesMet,
            java.util.function.Consumer<Replica> onChange,
            java.util.function.Consumer<ProbeAnswered> onAnswer) {}

    private final String name;
    private final String fleet;
    private final ServiceSpec service;
    private final int number;
    private final Surroundings surroundings;
    private final ReplicaHistory history = new ReplicaHistory();
    private final BlockingQueue<Message> inbox = new LinkedBlockingQueue<>();
    /** Guards the begin and the end of the supervision at an operator's command. */
    private final ReentrantLock lifecycle = new ReentrantLock();
    /** One after the other: each begins when the one before has ended. */
    private volatile Thread thread;

    private volatile @Nullable Container container;
    private @Nullable Container adopted;
    private Cause lastEnd = new Cause(Cause.Kind.LOST, "its end under an earlier manager");
    private volatile Optional<StopFailedException> stopFailure = Optional.empty();
    private volatile int restarts;
    private volatile int totalRestarts;

    Replica(String fleet, ServiceSpec service, int number, Surroundings surroundings) {
        this.name = fleet + "/" + service.name() + "-" + number;
        this.fleet = fleet;
        this.service = service;
        this.number = number;
        this.surroundings = surroundings;
        this.thread = supervision(() -> supervise(Optional.ofNullable(container)));
    }

    private Thread supervision(Runnable work) {
        return Thread.ofVirtual().name("replica-" + name).unstarted(work);
    }

    String name() {
        return name;
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
            adopted = found;
            Optional.ofNullable(found.record().replica()).ifPresent(entry -> {
                restarts = entry.restarts();
                totalRestarts = entry.totalRestarts();
            });
        });
        thread.start();
    }

    /**
     * Ends the container, and the supervision with it. Waits.
     *
     * @param otherwise what the operator wants otherwise than the service's own way to stop
     * @throws StopFailedException when it still runs, or its workspace is still being copied back
     */
    void stop(UnaryOperator<StopSpec> otherwise) throws InterruptedException {
        lifecycle.lockInterruptibly();
        try {
            stopOnce(otherwise.apply(service.stop()));
        } finally {
            lifecycle.unlock();
        }
    }

    private void stopOnce(StopSpec how) throws InterruptedException {
        Optional<StopFailedException> earlier = stopFailure;
        inbox.add(new Message.Stop(false, how));
        thread.join();
        if (earlier.isPresent()) {
            // Nobody supervises it since; it may have ended, or can be asked now.
            Optional.ofNullable(container)
                    .ifPresent(last -> surroundings.containers().stop(last, how));
            stopFailure = Optional.empty();
            stopped(false);
        } else if (stopFailure.isPresent()) {
            throw stopFailure.get();
        }
    }

    /**
     * Starts it again after a stop or its last end; one that waits for its next restart starts at once.
     *
     * @throws InvalidSpecException when it runs already
     */
    void startAgain() throws InterruptedException {
        lifecycle.lockInterruptibly();
        try {
            if (thread.isAlive() && status().running()) {
                throw new InvalidSpecException("'" + name + "' is running already");
            }
            Container last = container;
            if (last != null) {
                surroundings.containers().allowStart(last);
            }
            if (thread.isAlive()) {
                inbox.add(new Message.Start());
                return;
            }
            if (last != null) {
                // After a stop that failed it may still run, and there must not be two.
                surroundings.containers().stop(last, service.stop());
            }
            lastEnd = Cause.operator("a stop by the operator");
            stopFailure = Optional.empty();
            restarts = 0;
            inbox.clear();
            thread = supervision(() -> supervise(Optional.empty()));
            thread.start();
        } finally {
            lifecycle.unlock();
        }
    }

    /** Ends the supervision; the container runs on for the next manager. Waits. */
    void leave() throws InterruptedException {
        inbox.add(new Message.Stop(true, service.stop()));
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
                name,
                Optional.ofNullable(container).map(Container::id),
                now.status(),
                now.since(),
                now.cause(),
                totalRestarts,
                now.flapping(),
                now.history(),
                now.answers());
    }

    private void move(ReplicaProbes.Standing standing) {
        move(standing.status(), standing.cause());
    }

    private void move(ReplicaStatus status, Cause cause) {
        if (history.move(status, cause)) {
            log.info("{} is {}: {}", name, status.words(), cause.words());
            surroundings.onChange().accept(this);
        }
    }

    /** @param present empty: it is to be launched */
    private void supervise(Optional<Container> present) {
        try {
            Optional<Container> current = present;
            if (current.isPresent() && wasStopped(current.get())) {
                if (!awaitStop()) {
                    return;
                }
                current = Optional.empty();
            }
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
            log.error("the supervision of {} failed", name, e);
            move(ReplicaStatus.FAILED, new Cause(Cause.Kind.FAULT, "its supervision failed: " + e));
        }
    }

    /** An earlier manager was told so; it may have been killed before it was done. */
    private boolean wasStopped(Container found) {
        if (service.restart().when() != RestartPolicy.When.UNLESS_STOPPED
                || !surroundings.containers().isKeptStopped(found)) {
            return false;
        }
        surroundings.containers().stop(found, service.stop());
        move(ReplicaStatus.STOPPED, Cause.operator("was stopped by the operator; restart: unless-stopped"));
        return true;
    }

    /** @return false when it was stopped meanwhile */
    private boolean awaitDependencies() throws InterruptedException {
        while (!surroundings.dependenciesMet().test(service)) {
            move(
                    ReplicaStatus.WAITING,
                    new Cause(
                            Cause.Kind.DEPENDENCY,
                            "waits for " + String.join(", ", service.dependsOn().keySet())));
            if (inbox.take() instanceof Message.Stop(var leave, var _)) {
                return stopped(leave);
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
                totalRestarts == 0
                        ? Cause.launch("is launched")
                        : new Cause(
                                lastEnd.kind(),
                                "is launched again, restart " + totalRestarts + ", after: " + lastEnd.words()));
        try {
            Container fresh = surroundings
                    .containers()
                    .launch(new LaunchOrder(
                            Optional.of(name),
                            service.container(),
                            surroundings.volumes(),
                            Optional.of(entry),
                            false,
                            false));
            container = fresh;
            replace(previous, fresh);
            return Optional.of(fresh);
        } catch (RuntimeException e) {
            log.warn("{} did not start: {}", name, e.getMessage());
            move(ReplicaStatus.CRASHED, Cause.launch(String.valueOf(e.getMessage())));
            return Optional.empty();
        }
    }

    /** What can't be deleted of the one before must not cost the one that runs. */
    private void replace(@Nullable Container previous, Container fresh) {
        try {
            if (previous != null) {
                surroundings.containers().replace(previous, fresh);
            }
        } catch (UncheckedIOException e) {
            log.warn("what {} left behind can't be deleted: {}", name, e.getMessage());
        }
    }

    private Outcome watch(Container watched) throws InterruptedException {
        watched.end().thenAccept(state -> inbox.add(new Message.Ended(watched, state)));
        watched.start().thenAccept(_ -> inbox.add(new Message.Started(watched)));
        if (!watched.running() && !watched.over()) {
            move(ReplicaStatus.NOT_READY, new Cause(Cause.Kind.FAULT, "its shim does not answer"));
        }
        try (ReplicaProbes probes = probes(watched)) {
            while (true) {
                switch (inbox.take()) {
                    case Message.Started(var started)
                    when started == watched -> {
                        move(probes.standing());
                        probes.start();
                    }
                    case Message.Ended(var ended, var state)
                    when ended == watched -> {
                        return new Outcome.Exited(state);
                    }
                    case Message.Turned(var asked, var answer, var yes)
                    when asked == watched -> {
                        Optional<Outcome> outcome = turned(watched, probes, answer, yes);
                        if (outcome.isPresent()) {
                            return outcome.get();
                        }
                    }
                    case Message.Stop(var leave, var how) -> {
                        return leave ? new Outcome.Left() : new Outcome.StopAsked(how);
                    }
                    case Message.Started _, Message.Ended _, Message.Turned _, Message.Nudge _, Message.Start _ -> {
                        // Of a container before this one, or about somebody else's.
                    }
                }
            }
        }
    }

    private ReplicaProbes probes(Container watched) {
        return new ReplicaProbes(
                surroundings.scheduler(),
                watched,
                service,
                watched == adopted ? ADOPTION_SPREAD : Duration.ZERO,
                new ProbeLoop.Listener() {
                    @Override
                    public void answered(ProbeAnswer answer) {
                        history.answered(answer);
                        surroundings.onAnswer().accept(new ProbeAnswered(fleet, service.name(), answer));
                    }

                    @Override
                    public void turned(ProbeAnswer answer, boolean yes) {
                        inbox.add(new Message.Turned(watched, answer, yes));
                    }
                });
    }

    /** @return how the watch ends, if it does */
    private Optional<Outcome> turned(Container watched, ReplicaProbes probes, ProbeAnswer answer, boolean yes) {
        Cause cause = Cause.probe(answer.role().word() + ": " + answer.detail());
        if (!yes && answer.role() == ProbeAnswer.Role.STARTUP) {
            return Optional.of(new Outcome.Unhealthy(cause, false));
        }
        LivenessSpec.Then then = !yes && answer.role() == ProbeAnswer.Role.LIVENESS
                ? service.liveness().map(LivenessSpec::then).orElseThrow()
                : new LivenessSpec.Then.Nothing();
        switch (then) {
            case LivenessSpec.Then.Restart() -> {
                return Optional.of(new Outcome.Unhealthy(cause, false));
            }
            case LivenessSpec.Then.Stop() -> {
                return Optional.of(new Outcome.Unhealthy(cause, true));
            }
            case LivenessSpec.Then.Send(var signal) -> signal(watched, signal);
            case LivenessSpec.Then.Nothing() -> {
                // Its standing tells.
            }
        }
        probes.turned(answer, yes);
        move(probes.standing());
        return Optional.empty();
    }

    private void signal(Container watched, Signal signal) {
        try {
            watched.shim().signal(signal);
        } catch (IOException e) {
            log.warn("{} could not be sent {}: {}", name, signal, e.getMessage());
        }
    }

    /** @return whether the replica is to be started again, its pause over */
    private boolean goOn(Outcome outcome, Optional<Container> ended) throws InterruptedException {
        return switch (outcome) {
            case Outcome.Left() -> false;
            case Outcome.StopAsked(var how) -> {
                keepStopped();
                try {
                    ended.ifPresent(running -> surroundings.containers().stop(running, how));
                    yield stopped(false);
                } catch (StopFailedException e) {
                    move(
                            e.ended() ? ReplicaStatus.STOPPED : ReplicaStatus.FAILED,
                            Cause.operator(String.valueOf(e.getMessage())));
                    stopFailure = Optional.of(e);
                    yield false;
                }
            }
            case Outcome.Unhealthy(var cause, var forGood) -> {
                move(ReplicaStatus.UNHEALTHY, cause);
                yield endUnhealthy(ended.orElseThrow(), cause, forGood);
            }
            case Outcome.Exited(var state) -> {
                Cause cause = ended.isPresent()
                        ? endOf(state)
                        : Cause.launch(history.now().cause());
                int code = state.status().map(status -> status.code()).orElse(1);
                if (service.job() && code == 0) {
                    move(ReplicaStatus.COMPLETED, cause);
                    yield awaitStop();
                }
                yield pauseOrGiveUp(state, cause, code);
            }
        };
    }

    /**
     * Another is started only when this one has ended for certain. One that does not end, as in an uninterruptible wait,
     * is asked again.
     */
    private boolean endUnhealthy(Container unhealthy, Cause cause, boolean forGood) throws InterruptedException {
        while (true) {
            try {
                ContainerState.Stopped state = surroundings.containers().stop(unhealthy, service.stop());
                if (forGood) {
                    move(ReplicaStatus.FAILED, cause.and("liveness: then: stop"));
                    return awaitStop();
                }
                return pauseOrGiveUp(state, cause, 1);
            } catch (StopFailedException e) {
                log.warn("{} is asked again to end: {}", name, e.getMessage());
                move(ReplicaStatus.UNHEALTHY, cause.and(String.valueOf(e.getMessage())));
            }
            for (Message message = inbox.poll(); message != null; message = inbox.poll()) {
                if (message instanceof Message.Stop(var leave, var how)) {
                    return goOn(leave ? new Outcome.Left() : new Outcome.StopAsked(how), Optional.of(unhealthy));
                }
            }
        }
    }

    private boolean pauseOrGiveUp(ContainerState.Stopped state, Cause cause, int code) throws InterruptedException {
        boolean livedLong = state.startedAt()
                .map(at -> Duration.between(at, state.exitedAt())
                                .compareTo(service.restart().backoff().resetAfter())
                        >= 0)
                .orElse(false);
        restarts = livedLong ? 0 : restarts;
        if (!service.restart().restartsAfter(code, restarts)) {
            move(ReplicaStatus.FAILED, cause.and("restart: " + service.restart()));
            return awaitStop();
        }
        Duration pause = service.restart().backoff().delay(restarts);
        restarts++;
        move(
                restarts < CRASH_LOOP ? ReplicaStatus.CRASHED : ReplicaStatus.CRASH_LOOP,
                cause.and("starts again in " + Durations.format(pause)));
        totalRestarts++;
        lastEnd = cause;
        return pause(pause);
    }

    private static Cause endOf(ContainerState.Stopped state) {
        Cause.Kind kind = state.status()
                .map(status -> status.outOfMemory()
                        ? Cause.Kind.OUT_OF_MEMORY
                        : status.signal().isPresent() ? Cause.Kind.SIGNAL : Cause.Kind.EXIT)
                .orElse(Cause.Kind.LOST);
        return new Cause(kind, state.toString());
    }

    /** Written down before it is done: a manager that is killed in between must not bring it back. */
    private void keepStopped() {
        Container last = container;
        if (last != null && service.restart().when() == RestartPolicy.When.UNLESS_STOPPED) {
            try {
                surroundings.containers().keepStopped(last);
            } catch (UncheckedIOException e) {
                log.warn("{} is stopped, but a later manager will start it: {}", name, e.getMessage());
            }
        }
    }

    /** @return false: it is not to be started again */
    private boolean stopped(boolean leave) {
        if (!leave) {
            move(ReplicaStatus.STOPPED, Cause.operator("stopped by the operator"));
        }
        return false;
    }

    /** @return false when it was stopped meanwhile */
    private boolean pause(Duration pause) throws InterruptedException {
        long until = System.nanoTime() + pause.toNanos();
        while (true) {
            Message message = inbox.poll(until - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (message == null) {
                return true;
            }
            if (message instanceof Message.Stop(var leave, var _)) {
                if (!leave) {
                    keepStopped();
                }
                return stopped(leave);
            }
            if (message instanceof Message.Start) {
                return true;
            }
        }
    }

    /** @return whether it is to be started again */
    private boolean awaitStop() throws InterruptedException {
        while (true) {
            Message message = inbox.take();
            if (message instanceof Message.Start) {
                restarts = 0;
                return true;
            }
            if (message instanceof Message.Stop(var leave, var _)) {
                if (!leave) {
                    keepStopped();
                }
                return stopped(leave);
            }
        }
    }
}
