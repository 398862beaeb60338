package dev.nucleus.fleet;

import dev.nucleus.container.Container;
import dev.nucleus.container.ContainerState;
import dev.nucleus.container.StopFailedException;
import dev.nucleus.probe.ProbeResult;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.RestartPolicy;
import dev.nucleus.spec.ServiceSpec;
import dev.nucleus.spec.StopSpec;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One replica of a service, as operators and the rest of the fleet use it. {@link ReplicaMachine} decides what happens
 * to it and {@link ReplicaSupervision} carries that out, in a virtual thread that ends when the replica is stopped, has
 * failed or has completed, or by a fault of its own. After that nothing happens to the replica until an operator starts
 * it. A stop works in every case, because it needs no supervision.
 */
final class Replica {

    private static final Logger log = LoggerFactory.getLogger(Replica.class);

    private static final Cause ENDED_EARLIER = new Cause(Cause.Kind.LOST, "its end under an earlier manager");
    private static final Cause STARTED_BY_OPERATOR = Cause.operator("started by the operator");
    private static final Duration FIRST_STATUS_TIMEOUT = Duration.ofSeconds(5);
    private static final String PAUSED = "paused by the operator; resume it with nucleus resume";
    private static final String COPYING_BACK = "ended; its workspace is being copied back";
    /** A paused or ended replica doesn't show these; any other status stays visible. */
    private static final Set<ReplicaStatus> AVAILABLE =
            EnumSet.of(ReplicaStatus.STARTING, ReplicaStatus.RUNNING, ReplicaStatus.READY);

    private final String name;
    private final String fleet;
    private final ServiceSpec service;
    private final int number;
    private final ReplicaContext context;
    private final ReplicaMachine machine;
    private final ReplicaSupervision supervision;
    private final ReplicaHistory history = new ReplicaHistory();
    /** Completes when the most recently started supervision has set a status or ended. */
    private volatile CompletableFuture<Void> firstStatus = CompletableFuture.completedFuture(null);

    /** Held while supervision is started or requested to end. */
    private final ReentrantLock handover = new ReentrantLock();
    /** Guarded by {@code handover}; null: never started. */
    private @Nullable Thread supervisor;

    Replica(String fleet, ServiceSpec service, int number, ReplicaContext context) {
        this.name = fleet + "/" + service.name() + "-" + number;
        this.fleet = fleet;
        this.service = service;
        this.number = number;
        this.context = context;
        this.machine = new ReplicaMachine(service);
        this.supervision = new ReplicaSupervision(this, context, machine, new ReplicaSupervision.Listener() {
            @Override
            public void onStatus(StatusWithCause status) {
                setStatus(status);
                firstStatus.complete(null);
            }

            @Override
            public void onRunEnded(StatusWithCause status) {
                history.end(status);
                publish(status);
            }

            @Override
            public void onProbe(ProbeResult result) {
                history.addProbeResult(result);
                context.onProbe().accept(new ProbeCompleted(fleet, service.name(), result));
            }
        });
    }

    String name() {
        return name;
    }

    String fleet() {
        return fleet;
    }

    ServiceSpec service() {
        return service;
    }

    int number() {
        return number;
    }

    ReplicaStatus status() {
        return history.status();
    }

    boolean isServing() {
        return history.isServing();
    }

    /** Whether its command runs, regardless of its health. */
    boolean isUp() {
        return supervision.container().filter(Container::isRunning).isPresent();
    }

    /** Starts supervision, with the container that an earlier manager left, if any: running, or ended meanwhile. */
    void start(Optional<Container> left) {
        handover.lock();
        try {
            ReplicaState state = left.flatMap(
                            found -> Optional.ofNullable(found.record().replica()))
                    .map(record -> machine.initial(record.restarts(), ENDED_EARLIER, record.totalRestarts()))
                    .orElseGet(() -> machine.initial(0, ENDED_EARLIER, 0));
            left.ifPresent(supervision::adopt);
            supervise(state, left, true);
        } finally {
            handover.unlock();
        }
    }

    /**
     * Starts a replica that is stopped, has failed, or has completed. If its supervision failed and its container still
     * runs, that container is supervised again. The count of a crash loop is reset. Returns once its status shows whether it is being launched or is waiting for another service, but after five seconds at the latest.
     *
     * @throws InvalidSpecException when it is supervised
     */
    void startAgain() {
        handover.lock();
        try {
            Thread last = supervisor;
            if (last != null && last.isAlive()) {
                if (history.status().isRunning()) {
                    throw new InvalidSpecException("'" + name + "' is running already");
                }
                throw new InvalidSpecException(
                        "'" + name + "' is " + history.status().predicate()
                                + "; only a replica that is stopped, failed or completed can be started");
            }
            Optional<Container> container = supervision.container();
            container.ifPresent(context.containers()::unmarkStopped);
            supervise(
                    machine.initial(0, STARTED_BY_OPERATOR, supervision.totalRestarts()),
                    container.filter(found -> !found.isStopped()),
                    false);
        } finally {
            handover.unlock();
        }
        firstStatus
                .completeOnTimeout(null, FIRST_STATUS_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
                .join();
    }

    private void supervise(ReplicaState state, Optional<Container> found, boolean resumes) {
        supervision.reset(state);
        firstStatus = new CompletableFuture<>();
        supervisor = Thread.ofVirtual().name("replica-" + name).start(() -> supervising(found, resumes));
    }

    private void supervising(Optional<Container> found, boolean resumes) {
        try {
            supervision.run(found, resumes);
        } catch (InterruptedException | RuntimeException | Error e) {
            log.error("supervision of {} failed; its container, if running, keeps running unsupervised", name, e);
            setStatus(StatusWithCause.of(
                    ReplicaStatus.FAILED,
                    new Cause(
                            Cause.Kind.FAULT,
                            "its supervision failed: " + e + "; stop or start it, and see the manager's log")));
        } finally {
            firstStatus.complete(null);
        }
    }

    /**
     * Stops the container and ends its supervision. Waits for both.
     *
     * @param overrides changes how its service is configured to stop
     * @throws StopFailedException if it still runs, or its workspace is still being copied back
     */
    void stop(UnaryOperator<StopSpec> overrides) throws InterruptedException {
        StopSpec how = overrides.apply(service.stop());
        Optional<Thread> supervising = requestDetach();
        try {
            // First without waiting for supervision, which may be busy with its own stop, or have failed.
            stopContainers(how);
            join(supervising);
            // Supervision may have launched another container meanwhile.
            stopContainers(how);
        } catch (StopFailedException e) {
            setStatusUnlessRestarted(
                    supervising,
                    e.ended() ? ReplicaStatus.STOPPED : ReplicaStatus.FAILED,
                    String.valueOf(e.getMessage()));
            throw e;
        }
        // A completed job keeps its status. Supervision has ended, so the status can no longer become COMPLETED.
        if (history.status() == ReplicaStatus.COMPLETED) {
            // The job may have completed after its container was marked as stopped.
            supervision.container().ifPresent(context.containers()::unmarkStopped);
        } else {
            setStatusUnlessRestarted(supervising, ReplicaStatus.STOPPED, "stopped by the operator");
        }
    }

    private void stopContainers(StopSpec how) {
        supervision.container().ifPresent(present -> {
            if (history.status() != ReplicaStatus.COMPLETED) {
                markStopped(present);
            }
            context.containers().stop(present, how);
        });
        // Containers of launches that failed after their command had started.
        context.containers().all().stream()
                .filter(other -> !other.isStopped()
                        && other.record().replica() != null
                        && other.name().equals(name))
                .forEach(other -> context.containers().stop(other, how));
    }

    /** Written before the stop: if the manager is killed in between, the next one must not start the replica again. */
    private void markStopped(Container present) {
        if (service.restart().when() == RestartPolicy.When.UNLESS_STOPPED) {
            try {
                context.containers().markStopped(present);
            } catch (UncheckedIOException e) {
                log.warn("{} is stopped, but a later manager will start it: {}", name, e.getMessage());
            }
        }
    }

    private void setStatusUnlessRestarted(Optional<Thread> supervising, ReplicaStatus status, String cause) {
        handover.lock();
        try {
            if (supervising.equals(Optional.ofNullable(supervisor))) {
                setStatus(StatusWithCause.of(status, Cause.operator(cause)));
            }
        } finally {
            handover.unlock();
        }
    }

    private Optional<Thread> requestDetach() {
        handover.lock();
        try {
            supervision.add(new ReplicaEvent.Detached());
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

    /** Ends the supervision and waits for that; the container keeps running for the next manager. */
    void detach() throws InterruptedException {
        join(requestDetach());
    }

    void onDependencyChanged() {
        supervision.onDependencyChanged();
    }

    /** The present state. The probes of a paused or ended replica do not run, so their last results no longer count. */
    ReplicaView view() {
        Optional<Container> container = supervision.container();
        return container
                .filter(found -> found.state() instanceof ContainerState.CopyingBack)
                .map(_ -> view(Optional.of(COPYING_BACK)))
                .orElseGet(() -> view(container.filter(Container::paused).map(_ -> PAUSED)));
    }

    /** The state as supervision sees it, paused or not: a pause is not a transition. */
    ReplicaView supervisedView() {
        return view(Optional.empty());
    }

    /** @param unavailable why it can't serve, whatever its status says */
    private ReplicaView view(Optional<String> unavailable) {
        ReplicaHistory.Now now = history.now();
        boolean hidesStatus = unavailable.isPresent() && AVAILABLE.contains(now.status());
        return new ReplicaView(
                fleet,
                service.name(),
                number,
                name,
                supervision.container().map(Container::id),
                hidesStatus ? ReplicaStatus.NOT_READY : now.status(),
                now.serving() && unavailable.isEmpty(),
                now.since(),
                hidesStatus ? unavailable.orElseThrow() : now.cause(),
                supervision.totalRestarts(),
                now.flapping(),
                now.history(),
                now.probeResults());
    }

    private void setStatus(StatusWithCause status) {
        if (history.move(status)) {
            publish(status);
        }
    }

    private void publish(StatusWithCause status) {
        log.info(
                "{} is {}: {}",
                name,
                status.status().predicate(),
                status.cause().words());
        try {
            context.onChange().accept(this);
        } catch (RuntimeException | Error e) {
            // A listener's failure must not end the supervision.
            log.error("a listener failed as {} became {}", name, status.status().words(), e);
        }
    }
}
