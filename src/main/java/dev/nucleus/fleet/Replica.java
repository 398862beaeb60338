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
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
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
 * Keeps one replica of a service alive. While it is supervised one virtual thread, which reads the inbox, takes all decisions;
 * others put messages there or read {@link #view()}. The thread ends when the replica is stopped, has failed for good or has done
 * its work, and with any fault of its own. Then nothing happens to the replica until an operator starts it; a stop works in
 * every case, because it needs no supervision.
 */
final class Replica {

    private static final Logger log = LoggerFactory.getLogger(Replica.class);
    /** Within what time those that a start of the manager finds are asked again. */
    private static final Duration ADOPTION_SPREAD = Duration.ofSeconds(1);

    private static final Cause EARLIER_END = new Cause(Cause.Kind.LOST, "its end under an earlier manager");
    /** What a pause puts an end to; whatever else is wrong stays in sight. */
    private static final Set<ReplicaStatus> AVAILABLE =
            EnumSet.of(ReplicaStatus.STARTING, ReplicaStatus.RUNNING, ReplicaStatus.READY);

    private static final String PAUSED = "paused by the operator; nucleus resume lets it go on";
    private static final Cause OPERATOR_START = Cause.operator("a stop; the operator started it");

    /** What happened, for the supervising thread. */
    private sealed interface Message {
        /** It runs: at once, unless its shim was silent when it was taken over. */
        record Started(Container container) implements Message {}

        record Ended(Container container, ContainerState.Stopped state) implements Message {}

        record Turned(Container container, ProbeAnswer answer, boolean yes) implements Message {}

        /** A service it depends on changed. */
        record Nudge() implements Message {}

        /** Supervision is to end. Whoever asks for that sees to the container. */
        record Leave() implements Message {}
    }

    /** How a watch ended. */
    private sealed interface Outcome {
        record Exited(ContainerState.Stopped state) implements Outcome {}

        /** It could not be launched. */
        record NotLaunched(Cause cause) implements Outcome {}

        /** @param forGood whether it stays stopped */
        record Unhealthy(Cause cause, boolean forGood) implements Outcome {}

        record Left() implements Outcome {}
    }

    /** What a replica needs of its surroundings. */
    record Surroundings(
            Containers containers,
            TaskScheduler scheduler,
            Map<String, LaunchRequest.HostVolume> volumes,
            java.util.function.Function<ServiceSpec, List<String>> unmetDependencies,
            java.util.function.Consumer<Replica> onChange,
            java.util.function.Consumer<Replica> nudgeDependents,
            java.util.function.Consumer<ProbeAnswered> onAnswer) {}

    private final String name;
    private final String fleet;
    private final ServiceSpec service;
    private final int number;
    private final Surroundings surroundings;
    private final ReplicaHistory history = new ReplicaHistory();
    private final BlockingQueue<Message> inbox = new LinkedBlockingQueue<>();
    /** Held while supervision begins, or is asked to end. */
    private final ReentrantLock handover = new ReentrantLock();
    /** Guarded by {@code handover}; null: never begun. */
    private @Nullable Thread supervisor;

    private volatile @Nullable Container container;
    /** The supervising thread's. */
    private @Nullable Container adopted;

    private CrashLoop loop;
    private volatile int totalRestarts;

    Replica(String fleet, ServiceSpec service, int number, Surroundings surroundings) {
        this.name = fleet + "/" + service.name() + "-" + number;
        this.fleet = fleet;
        this.service = service;
        this.number = number;
        this.surroundings = surroundings;
        this.loop = loop(0, EARLIER_END);
    }

    private CrashLoop loop(int ends, Cause lastEnd) {
        return new CrashLoop(
                service.restart().backoff().resetAfter(), service.readiness().isPresent(), ends, lastEnd);
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

    boolean isServing() {
        return history.isServing();
    }

    /** Whether its command runs, however it fares. */
    boolean isUp() {
        return Optional.ofNullable(container).filter(Container::running).isPresent();
    }

    /** Begins with what an earlier manager left: a container that runs, or one that ended meanwhile. */
    void start(Optional<Container> left) {
        handover.lock();
        try {
            left.ifPresent(found -> {
                container = found;
                adopted = found;
                Optional.ofNullable(found.record().replica()).ifPresent(entry -> {
                    loop = loop(entry.restarts(), EARLIER_END);
                    totalRestarts = entry.totalRestarts();
                });
            });
            supervise(left, true);
        } finally {
            handover.unlock();
        }
    }

    /**
     * Starts a replica that is stopped, has failed, or has done its work. Where its supervision failed and its container
     * runs on, that container is supervised again. Its crash loop, if it was in one, is forgotten.
     *
     * @throws InvalidSpecException when it is supervised
     */
    void startAgain() {
        handover.lock();
        try {
            Thread last = supervisor;
            if (last != null && last.isAlive()) {
                if (history.status().running()) {
                    throw new InvalidSpecException("'" + name + "' is running already");
                }
                throw new InvalidSpecException(
                        "'" + name + "' is " + history.status().words()
                                + "; only a replica that is stopped, failed or completed can be started");
            }
            Optional.ofNullable(container).ifPresent(surroundings.containers()::forgetStopped);
            loop = loop(0, OPERATOR_START);
            supervise(Optional.ofNullable(container).filter(found -> !found.over()), false);
        } finally {
            handover.unlock();
        }
    }

    private void supervise(Optional<Container> current, boolean asBefore) {
        inbox.clear();
        supervisor = Thread.ofVirtual().name("replica-" + name).start(() -> supervising(current, asBefore));
    }

    /**
     * Ends the container, and the supervision with it. Waits.
     *
     * @param otherwise what the operator wants otherwise than the service's own way to stop
     * @throws StopFailedException when it still runs, or its workspace is still being copied back
     */
    void stop(UnaryOperator<StopSpec> otherwise) throws InterruptedException {
        StopSpec how = otherwise.apply(service.stop());
        Optional<Thread> supervising = askToLeave();
        try {
            // Supervision that is busy, as with a stop of its own that has a long grace, or that has failed, delays
            // nothing.
            end(how);
            join(supervising);
            // It may have launched another in that time.
            end(how);
        } catch (StopFailedException e) {
            settle(
                    supervising,
                    Standing.of(
                            e.ended() ? ReplicaStatus.STOPPED : ReplicaStatus.FAILED,
                            Cause.operator(String.valueOf(e.getMessage()))));
            throw e;
        }
        // A job that has done its work remains completed. Supervision has ended by now: it can't become so any more.
        if (history.status() != ReplicaStatus.COMPLETED) {
            settle(supervising, Standing.of(ReplicaStatus.STOPPED, Cause.operator("stopped by the operator")));
        }
    }

    private void end(StopSpec how) {
        Container present = container;
        if (present != null) {
            if (history.status() != ReplicaStatus.COMPLETED) {
                markStopped(present);
            }
            surroundings.containers().stop(present, how);
        }
        // What a launch left that failed after its command had started.
        surroundings.containers().all().stream()
                .filter(other -> !other.over()
                        && other.record().replica() != null
                        && other.name().equals(name))
                .forEach(other -> surroundings.containers().stop(other, how));
    }

    /** Written down before it is done: a manager that is killed in between must not start it again. */
    private void markStopped(Container present) {
        if (service.restart().when() == RestartPolicy.When.UNLESS_STOPPED) {
            try {
                surroundings.containers().keepStopped(present);
            } catch (UncheckedIOException e) {
                log.warn("{} is stopped, but a later manager will start it: {}", name, e.getMessage());
            }
        }
    }

    /** How it is after a stop, unless it has been started since. */
    private void settle(Optional<Thread> supervising, Standing standing) {
        handover.lock();
        try {
            if (supervising.equals(Optional.ofNullable(supervisor))) {
                move(standing);
            }
        } finally {
            handover.unlock();
        }
    }

    private Optional<Thread> askToLeave() {
        handover.lock();
        try {
            inbox.add(new Message.Leave());
            return Optional.ofNullable(supervisor);
        } finally {
            handover.unlock();
        }
    }

    private static void join(Optional<Thread> supervising) throws InterruptedException {
        if (supervising.isPresent()) {
            supervising.get().join();
        }
    }

    /** Ends the supervision; the container runs on for the next manager. Waits. */
    void leave() throws InterruptedException {
        join(askToLeave());
    }

    void nudge() {
        inbox.add(new Message.Nudge());
    }

    /** As it is now: while it is paused its probes are not asked, and what they said before is out of date. */
    ReplicaView view() {
        return view(Optional.ofNullable(container).filter(Container::paused).isPresent());
    }

    /** As its supervision left it, whether or not it is paused: a pause is no transition of its own. */
    ReplicaView supervisedView() {
        return view(false);
    }

    private ReplicaView view(boolean standsStill) {
        ReplicaHistory.Now now = history.now();
        boolean paused = standsStill && AVAILABLE.contains(now.status());
        return new ReplicaView(
                fleet,
                service.name(),
                number,
                name,
                Optional.ofNullable(container).map(Container::id),
                paused ? ReplicaStatus.NOT_READY : now.status(),
                now.serving() && !standsStill,
                now.since(),
                paused ? PAUSED : now.cause(),
                totalRestarts,
                now.flapping(),
                now.history(),
                now.answers());
    }

    private void move(ReplicaStatus status, Cause cause) {
        move(Standing.of(status, cause));
    }

    private void move(Standing standing) {
        Standing marked = loop.mark(standing);
        if (history.move(marked)) {
            tell(marked);
        }
    }

    private void tell(Standing standing) {
        log.info(
                "{} is {}: {}",
                name,
                standing.status().words(),
                standing.cause().words());
        try {
            surroundings.onChange().accept(this);
        } catch (RuntimeException | Error e) {
            // Whoever listens must not end what keeps the replica alive.
            log.error(
                    "a listener failed as {} became {}", name, standing.status().words(), e);
        }
    }

    /** @param asBefore whether what an operator wanted of an earlier manager still holds */
    private void supervising(Optional<Container> found, boolean asBefore) {
        try {
            if (!(asBefore && found.isPresent() && wasStopped(found.get()))) {
                run(found);
            }
        } catch (InterruptedException | RuntimeException | Error e) {
            log.error("supervision of {} failed; its container, if it runs, runs on unattended", name, e);
            move(
                    ReplicaStatus.FAILED,
                    new Cause(
                            Cause.Kind.FAULT,
                            "its supervision failed: " + e + "; stop or start it, and see the manager's log"));
        }
    }

    private void run(Optional<Container> found) throws InterruptedException {
        Optional<Container> current = found;
        boolean goesOn = true;
        while (goesOn) {
            Outcome outcome;
            if (current.isPresent()) {
                outcome = watch(current.get());
            } else if (awaitDependencies()) {
                outcome = launchAndWatch();
            } else {
                outcome = new Outcome.Left();
            }
            goesOn = goOn(outcome);
            current = Optional.empty();
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

    /** @return false when supervision is to end */
    private boolean awaitDependencies() throws InterruptedException {
        while (true) {
            List<String> unmet = surroundings.unmetDependencies().apply(service);
            if (unmet.isEmpty()) {
                return true;
            }
            move(ReplicaStatus.WAITING, new Cause(Cause.Kind.DEPENDENCY, "waits for " + String.join("; ", unmet)));
            if (inbox.take() instanceof Message.Leave) {
                return false;
            }
        }
    }

    private Outcome launchAndWatch() throws InterruptedException {
        var entry = new ContainerRecord.ReplicaRecord(
                fleet,
                service.name(),
                number,
                SpecHash.of(service),
                loop.ends(),
                totalRestarts,
                FileDigests.of(service));
        Container previous = container;
        move(
                ReplicaStatus.STARTING,
                totalRestarts == 0
                        ? Cause.launch("is launched")
                        : new Cause(
                                loop.lastEnd().kind(),
                                "is launched again, restart " + totalRestarts + ", after: "
                                        + loop.lastEnd().words()));
        Container fresh;
        try {
            fresh = surroundings
                    .containers()
                    .launch(new LaunchOrder(
                            Optional.of(name),
                            service.container(),
                            surroundings.volumes(),
                            Optional.of(entry),
                            false,
                            false));
        } catch (RuntimeException e) {
            log.warn("{} did not start: {}", name, e.getMessage());
            return new Outcome.NotLaunched(Cause.launch(String.valueOf(e.getMessage())));
        }
        container = fresh;
        forget(previous, fresh);
        return watch(fresh);
    }

    /** What can't be kept or deleted of the one before must not cost the one that runs. */
    private void forget(@Nullable Container previous, Container fresh) {
        if (previous == null) {
            return;
        }
        try {
            surroundings.containers().keepLastLines(previous, fresh);
        } catch (UncheckedIOException e) {
            log.warn("the last lines of the run of {} before are lost: {}", name, e.getMessage());
        }
        try {
            surroundings.containers().replace(previous, fresh);
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
                Optional<Message> message = next();
                if (message.isEmpty()) {
                    if (loop.settle(System.nanoTime())) {
                        move(probes.standing());
                    }
                    continue;
                }
                switch (message.get()) {
                    case Message.Started(var started)
                    when started == watched -> {
                        loop.started(age(watched), System.nanoTime());
                        move(probes.standing());
                        probes.start();
                        if (loop.isActive()) {
                            // No change of its status tells them that it has started.
                            surroundings.nudgeDependents().accept(this);
                        }
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
                    case Message.Leave() -> {
                        return new Outcome.Left();
                    }
                    case Message.Started _, Message.Ended _, Message.Turned _, Message.Nudge _ -> {
                        // Of a container before this one, or about somebody else's.
                    }
                }
            }
        }
    }

    /** What happens next; empty: it has run long enough to be in a crash loop no more. */
    private Optional<Message> next() throws InterruptedException {
        OptionalLong left = loop.untilSettled(System.nanoTime());
        return left.isPresent()
                ? Optional.ofNullable(inbox.poll(left.getAsLong(), TimeUnit.NANOSECONDS))
                : Optional.of(inbox.take());
    }

    /** How long it has run, by the host's clock: longer than a moment for one of an earlier manager alone. */
    private static Duration age(Container watched) {
        return watched.whileRunning()
                .map(running -> Duration.between(running.startedAt(), Instant.now()))
                .orElse(Duration.ZERO);
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
    private boolean goOn(Outcome outcome) throws InterruptedException {
        return switch (outcome) {
            case Outcome.Left() -> false;
            case Outcome.NotLaunched(var cause) -> pauseOrGiveUp(Optional.empty(), cause, 1);
            case Outcome.Unhealthy(var cause, var forGood) -> {
                move(ReplicaStatus.UNHEALTHY, cause);
                yield endUnhealthy(Objects.requireNonNull(container), cause, forGood);
            }
            case Outcome.Exited(var state) -> {
                Cause cause = endOf(state);
                int code = state.status().map(status -> status.code()).orElse(1);
                if (service.job() && code == 0) {
                    move(ReplicaStatus.COMPLETED, cause);
                    yield false;
                }
                yield pauseOrGiveUp(Optional.of(state), cause, code);
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
                if (isAskedToLeave()) {
                    return false;
                }
                if (forGood) {
                    move(ReplicaStatus.FAILED, cause.and("liveness: then: stop"));
                    return false;
                }
                return pauseOrGiveUp(Optional.of(state), cause, 1);
            } catch (StopFailedException e) {
                log.warn("{} is asked again to end: {}", name, e.getMessage());
                move(ReplicaStatus.UNHEALTHY, cause.and(String.valueOf(e.getMessage())));
            }
            if (isAskedToLeave()) {
                return false;
            }
        }
    }

    /** Looks at what came while it was busy; nothing else of that is of interest any more. */
    private boolean isAskedToLeave() {
        boolean leaves = false;
        for (Message message = inbox.poll(); message != null; message = inbox.poll()) {
            leaves |= message instanceof Message.Leave;
        }
        return leaves;
    }

    /** @param state how it ended; empty: it never ran */
    private boolean pauseOrGiveUp(Optional<ContainerState.Stopped> state, Cause cause, int code)
            throws InterruptedException {
        Optional<Duration> lived =
                state.flatMap(end -> end.startedAt().map(at -> Duration.between(at, end.exitedAt())));
        loop.ended(cause, lived, System.nanoTime());
        if (!service.restart().restartsAfter(code, loop.ends())) {
            move(ReplicaStatus.FAILED, cause.and("restart: " + service.restart()));
            return false;
        }
        Duration pause = service.restart().backoff().delay(loop.ends());
        loop.restarts();
        Standing standing =
                loop.mark(Standing.of(ReplicaStatus.CRASHED, cause.and("starts again in " + Durations.format(pause))));
        history.end(standing);
        totalRestarts++;
        tell(standing);
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

    /** @return false when supervision is to end */
    private boolean pause(Duration pause) throws InterruptedException {
        long until = System.nanoTime() + Durations.nanos(pause);
        while (true) {
            Message message = inbox.poll(until - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (message == null) {
                return true;
            }
            if (message instanceof Message.Leave) {
                return false;
            }
        }
    }
}
