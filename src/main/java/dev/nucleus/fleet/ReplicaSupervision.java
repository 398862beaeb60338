package dev.nucleus.fleet;

import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerRecord;
import dev.nucleus.container.ContainerState;
import dev.nucleus.container.LaunchOrder;
import dev.nucleus.container.StopFailedException;
import dev.nucleus.failure.Callbacks;
import dev.nucleus.probe.ProbeLoop;
import dev.nucleus.probe.ProbeResult;
import dev.nucleus.spec.RestartPolicy;
import dev.nucleus.spec.ServiceSpec;
import dev.nucleus.spec.Signal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out what {@link ReplicaMachine} decides for one replica. One thread executes {@link #run}, which waits for
 * events and executes actions; any thread may add events.
 */
final class ReplicaSupervision {

    private static final Logger log = LoggerFactory.getLogger(ReplicaSupervision.class);
    /** The first probes of containers that a new manager finds are spread over this time. */
    private static final Duration ADOPTION_SPREAD = Duration.ofSeconds(1);

    private final Replica replica;
    private final ServiceSpec service;
    private final ReplicaContext context;
    private final ReplicaMachine machine;
    private final Listener listener;

    private final BlockingQueue<ReplicaEvent> inbox = new LinkedBlockingQueue<>();
    /** Results of actions, handled before the inbox. Confined to the supervising thread. */
    private final Deque<ReplicaEvent> results = new ArrayDeque<>();

    private volatile ReplicaState state;
    private volatile @Nullable Container container;
    /** Confined to the supervising thread. */
    private @Nullable Container adopted;

    private @Nullable ReplicaProbes probes;

    /** Called in the supervising thread; {@link #onProbe} in that of the probe. */
    interface Listener {

        void onStatus(StatusWithCause status);

        void onRunEnded(StatusWithCause status);

        void onProbe(ProbeResult result);
    }

    ReplicaSupervision(Replica replica, ReplicaContext context, ReplicaMachine machine, Listener listener) {
        this.replica = replica;
        this.service = replica.service();
        this.context = context;
        this.machine = machine;
        this.listener = listener;
        this.state = machine.initial(0, Cause.running("not started yet"), 0);
    }

    Optional<Container> container() {
        return Optional.ofNullable(container);
    }

    int totalRestarts() {
        return state.totalRestarts();
    }

    void add(ReplicaEvent event) {
        inbox.add(event);
    }

    /**
     * Adds an event unless one is pending or the replica has ended: then nothing takes events from the inbox, and they
     * would pile up.
     */
    void onDependencyChanged() {
        var event = new ReplicaEvent.DependencyChanged();
        if (!state.hasEnded() && !inbox.contains(event)) {
            inbox.add(event);
        }
    }

    /** Sets a container that an earlier manager left. Called while no thread executes {@link #run}. */
    void adopt(Container found) {
        container = found;
        adopted = found;
    }

    /** Prepares {@link #run}. Called while no thread executes it. */
    void reset(ReplicaState next) {
        inbox.clear();
        results.clear();
        state = next;
    }

    /**
     * Supervises the replica until the machine ends it.
     *
     * @param found a container that exists already
     * @param resumes whether a stop that an operator requested from an earlier manager still applies
     */
    void run(Optional<Container> found, boolean resumes) throws InterruptedException {
        try {
            handle(new ReplicaEvent.Supervised(found.map(present -> new ReplicaEvent.Found(
                    present.id(), present.state().isPastLaunch(), resumes && isMarkedStopped(present)))));
            while (!state.hasEnded()) {
                handle(next());
            }
        } finally {
            stopProbes();
            state = state.with(new ReplicaPhase.Idle());
        }
    }

    private boolean isMarkedStopped(Container found) {
        return service.restart().when() == RestartPolicy.When.UNLESS_STOPPED
                && context.containers().isMarkedStopped(found);
    }

    /**
     * Results come before the inbox, except a request to end supervision: nothing is launched after it. Other events in
     * the inbox keep their order, so an end before the request counts.
     */
    private ReplicaEvent next() throws InterruptedException {
        if (!results.isEmpty()) {
            return inbox.stream()
                    .filter(ReplicaEvent.Detached.class::isInstance)
                    .findFirst()
                    .orElseGet(results::remove);
        }
        OptionalLong left = state.untilTimer(System.nanoTime());
        if (left.isEmpty()) {
            return inbox.take();
        }
        return Optional.ofNullable(inbox.poll(left.getAsLong(), TimeUnit.NANOSECONDS))
                .orElseGet(ReplicaEvent.TimerElapsed::new);
    }

    private void handle(ReplicaEvent event) {
        ReplicaMachine.Step step = machine.on(state, event, System.nanoTime());
        state = step.state();
        step.actions().forEach(this::execute);
    }

    private void execute(ReplicaAction action) {
        switch (action) {
            case ReplicaAction.CheckDependencies() ->
                results.add(new ReplicaEvent.DependenciesChecked(
                        context.unmetDependencies().apply(service)));
            case ReplicaAction.Launch() -> results.add(launch());
            case ReplicaAction.Watch() -> watch(present());
            case ReplicaAction.StartProbes() -> startProbes(present());
            case ReplicaAction.StartRemainingProbes() ->
                Optional.ofNullable(probes).ifPresent(ReplicaProbes::startRemaining);
            case ReplicaAction.StopProbes() -> stopProbes();
            case ReplicaAction.SendSignal(Signal signal) -> send(signal);
            case ReplicaAction.StopContainer() -> results.add(stop());
            case ReplicaAction.SetStatus(var status, var isEnd) -> {
                if (isEnd) {
                    listener.onRunEnded(status);
                } else {
                    listener.onStatus(status);
                }
            }
            case ReplicaAction.NotifyDependents() -> context.notifyDependents().accept(replica);
        }
    }

    private Container present() {
        return container().orElseThrow();
    }

    private ReplicaEvent launch() {
        var record = new ContainerRecord.ReplicaRecord(
                replica.fleet(),
                service.name(),
                replica.number(),
                SpecHash.of(service),
                state.restarts().ends(),
                state.totalRestarts(),
                FileDigests.of(service));
        Optional<Container> previous = container();
        Container launched;
        try {
            launched = context.containers()
                    .launch(LaunchOrder.detached(Optional.of(replica.name()), service.container())
                            .withVolumes(context.volumes())
                            .forReplica(record));
        } catch (RuntimeException e) {
            log.warn("{} did not start: {}", replica.name(), e.getMessage());
            return new ReplicaEvent.LaunchFailed(String.valueOf(e.getMessage()));
        }
        container = launched;
        Cause lastEnd = state.restarts().lastEnd();
        previous.ifPresent(old -> replace(old, launched, lastEnd));
        return new ReplicaEvent.Launched(launched.id());
    }

    /** A failure to keep or delete data of the previous container must not affect the running one. */
    private void replace(Container previous, Container launched, Cause lastEnd) {
        try {
            // Its exit status alone does not show that a failed probe ended it.
            Optional<String> why = lastEnd.kind() == Cause.Kind.PROBE ? Optional.of(lastEnd.words()) : Optional.empty();
            context.containers().keepLastLines(previous, launched, why);
        } catch (UncheckedIOException e) {
            log.warn("the last lines of the previous run of {} are lost: {}", replica.name(), e.getMessage());
        }
        try {
            context.containers().replace(previous, launched);
        } catch (UncheckedIOException e) {
            log.warn("the previous container of {} can't be deleted: {}", replica.name(), e.getMessage());
        }
    }

    private void watch(Container watched) {
        Callbacks.then(
                watched.end(),
                "notify " + replica.name() + " of the end of its container",
                end -> add(ended(watched, end)));
        Callbacks.then(
                watched.start(),
                "notify " + replica.name() + " of the start of its container",
                _ -> add(new ReplicaEvent.Started(watched.id(), age(watched))));
    }

    private static ReplicaEvent ended(Container watched, ContainerState.Stopped end) {
        Cause.Kind kind = end.status()
                .map(status -> status.outOfMemory()
                        ? Cause.Kind.OUT_OF_MEMORY
                        : status.signal().isPresent() ? Cause.Kind.SIGNAL : Cause.Kind.EXIT)
                .orElse(Cause.Kind.LOST);
        int exitCode = end.status().map(status -> status.code()).orElse(1);
        return new ReplicaEvent.Ended(watched.id(), new Cause(kind, end.toString()), exitCode, lived(end));
    }

    private static Optional<Duration> lived(ContainerState.Stopped end) {
        return end.startedAt().map(at -> Duration.between(at, end.exitedAt()));
    }

    /** How long it has run, by the host's clock: not negligible only if an earlier manager started it. */
    private static Duration age(Container watched) {
        return watched.whileRunning()
                .map(running -> Duration.between(running.startedAt(), Instant.now()))
                .orElse(Duration.ZERO);
    }

    private void startProbes(Container watched) {
        stopProbes();
        probes = new ReplicaProbes(
                context.scheduler(),
                watched,
                service,
                watched == adopted ? ADOPTION_SPREAD : Duration.ZERO,
                new ProbeLoop.Listener() {
                    @Override
                    public void onResult(ProbeResult result) {
                        listener.onProbe(result);
                    }

                    @Override
                    public void onThresholdCrossed(ProbeResult result, boolean success) {
                        add(new ReplicaEvent.ThresholdCrossed(watched.id(), result, success));
                    }
                });
        probes.start();
    }

    private void stopProbes() {
        if (probes != null) {
            probes.close();
            probes = null;
        }
    }

    private void send(Signal signal) {
        try {
            present().shim().signal(signal);
        } catch (IOException e) {
            log.warn("can't signal {} with {}: {}", replica.name(), signal, e.getMessage());
        }
    }

    private ReplicaEvent stop() {
        try {
            return new ReplicaEvent.StopSucceeded(lived(context.containers().stop(present(), service.stop())));
        } catch (StopFailedException e) {
            log.warn("{} did not stop; the stop is retried: {}", replica.name(), e.getMessage());
            return new ReplicaEvent.StopFailed(String.valueOf(e.getMessage()));
        }
    }
}
