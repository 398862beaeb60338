package dev.nucleus.fleet;

import dev.nucleus.probe.ProbeResult;
import dev.nucleus.spec.Durations;
import dev.nucleus.spec.LivenessSpec;
import dev.nucleus.spec.RestartPolicy;
import dev.nucleus.spec.ServiceSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Decides what happens to a replica: a pure function from a state and an event to the next state and the actions that
 * lead there. An event that has no meaning in a phase changes nothing, for example the end of an earlier container. The
 * diagram is in docs/health.md.
 */
final class ReplicaMachine {

    private final ServiceSpec service;

    ReplicaMachine(ServiceSpec service) {
        this.service = service;
    }

    /** The result of one event. */
    record Step(ReplicaState state, List<ReplicaAction> actions) {

        Step {
            actions = List.copyOf(actions);
        }

        Step(ReplicaState state, ReplicaAction... actions) {
            this(state, List.of(actions));
        }
    }

    /**
     * The state of a replica that was never supervised.
     *
     * @param lastEnd why it will be started
     */
    ReplicaState initial(int ends, Cause lastEnd, int totalRestarts) {
        return new ReplicaState(
                new ReplicaPhase.Idle(),
                new RestartTracker(
                        service.restart().backoff().resetAfter(),
                        service.readiness().isPresent(),
                        ends,
                        lastEnd),
                totalRestarts);
    }

    /** @param now by {@link System#nanoTime()} */
    Step on(ReplicaState state, ReplicaEvent event, long now) {
        if (event instanceof ReplicaEvent.Detached) {
            return detach(state);
        }
        return switch (state.phase()) {
            case ReplicaPhase.Idle() ->
                event instanceof ReplicaEvent.Supervised(var found) ? begin(state, found) : new Step(state);
            case ReplicaPhase.Waiting() -> whileWaiting(state, event);
            case ReplicaPhase.Launching() -> whileLaunching(state, event, now);
            case ReplicaPhase.Watching watching -> whileWatching(state, watching, event, now);
            case ReplicaPhase.Stopping stopping -> whileStopping(state, stopping, event, now);
            case ReplicaPhase.BackingOff(long until) ->
                event instanceof ReplicaEvent.TimerElapsed && until - now <= 0 ? await(state) : new Step(state);
        };
    }

    private static Step detach(ReplicaState state) {
        ReplicaState ended = state.with(new ReplicaPhase.Idle());
        return state.phase() instanceof ReplicaPhase.Watching
                ? new Step(ended, new ReplicaAction.StopProbes())
                : new Step(ended);
    }

    private Step begin(ReplicaState state, Optional<ReplicaEvent.Found> found) {
        if (found.isEmpty()) {
            return await(state);
        }
        ReplicaEvent.Found container = found.get();
        if (container.isMarkedStopped()) {
            return new Step(
                    state.with(new ReplicaPhase.Stopping(
                            Cause.operator("stopped by the operator; restart: unless-stopped"),
                            ReplicaPhase.AfterStop.STAY_STOPPED)),
                    new ReplicaAction.StopContainer());
        }
        return watch(state, container.container(), container.isResponsive());
    }

    private static Step await(ReplicaState state) {
        return new Step(state.with(new ReplicaPhase.Waiting()), new ReplicaAction.CheckDependencies());
    }

    private Step watch(ReplicaState state, String container, boolean isResponsive) {
        ReplicaState watching = state.with(new ReplicaPhase.Watching(container, ProbeVerdicts.none(service)));
        return isResponsive
                ? new Step(watching, new ReplicaAction.Watch())
                : new Step(
                        watching,
                        status(
                                watching,
                                ReplicaStatus.NOT_READY,
                                new Cause(Cause.Kind.FAULT, "its shim does not answer")),
                        new ReplicaAction.Watch());
    }

    private static Step whileWaiting(ReplicaState state, ReplicaEvent event) {
        return switch (event) {
            case ReplicaEvent.DependencyChanged() -> new Step(state, new ReplicaAction.CheckDependencies());
            case ReplicaEvent.DependenciesChecked(var unmet)
            when unmet.isEmpty() ->
                new Step(
                        state.with(new ReplicaPhase.Launching()),
                        status(state, ReplicaStatus.STARTING, launchCause(state)),
                        new ReplicaAction.Launch());
            case ReplicaEvent.DependenciesChecked(var unmet) ->
                new Step(
                        state,
                        status(
                                state,
                                ReplicaStatus.WAITING,
                                new Cause(Cause.Kind.DEPENDENCY, "waiting for " + String.join("; ", unmet))));
            default -> new Step(state);
        };
    }

    private static Cause launchCause(ReplicaState state) {
        Cause last = state.restarts().lastEnd();
        return state.totalRestarts() == 0
                ? Cause.launch("launching")
                : new Cause(
                        last.kind(), "launching again, restart " + state.totalRestarts() + ", after: " + last.words());
    }

    private Step whileLaunching(ReplicaState state, ReplicaEvent event, long now) {
        return switch (event) {
            case ReplicaEvent.Launched(var container) -> watch(state, container, true);
            case ReplicaEvent.LaunchFailed(var message) ->
                restartOrFail(state, Cause.launch(message), Optional.empty(), 1, now);
            default -> new Step(state);
        };
    }

    private Step whileWatching(ReplicaState state, ReplicaPhase.Watching watching, ReplicaEvent event, long now) {
        return switch (event) {
            case ReplicaEvent.Started(var container, var lasted)
            when container.equals(watching.container()) ->
                started(state.with(state.restarts().started(lasted, now)), watching);
            case ReplicaEvent.Ended ended
            when ended.container().equals(watching.container()) -> {
                Step step = service.job() && ended.exitCode() == 0
                        ? end(state, ReplicaStatus.COMPLETED, ended.cause())
                        : restartOrFail(state, ended.cause(), ended.lived(), ended.exitCode(), now);
                yield after(new ReplicaAction.StopProbes(), step);
            }
            case ReplicaEvent.ThresholdCrossed crossed
            when crossed.container().equals(watching.container()) ->
                crossed(state, watching, crossed.result(), crossed.success());
            case ReplicaEvent.TimerElapsed()
            when state.restarts().isCrashLoop() -> {
                ReplicaState next = state.with(state.restarts().onTimer(now));
                yield next.restarts().isCrashLoop()
                        ? new Step(next)
                        : new Step(next, status(next, watching.verdicts().status()));
            }
            default -> new Step(state);
        };
    }

    private static Step started(ReplicaState state, ReplicaPhase.Watching watching) {
        var actions = new ArrayList<ReplicaAction>();
        actions.add(status(state, watching.verdicts().status()));
        actions.add(new ReplicaAction.StartProbes());
        if (state.restarts().isCrashLoop()) {
            actions.add(new ReplicaAction.NotifyDependents());
        }
        return new Step(state, actions);
    }

    private Step crossed(ReplicaState state, ReplicaPhase.Watching watching, ProbeResult result, boolean success) {
        Cause cause = ProbeVerdicts.causeOf(result);
        if (!success && result.role() == ProbeResult.Role.STARTUP) {
            return stopUnhealthy(state, cause, ReplicaPhase.AfterStop.RESTART);
        }
        var actions = new ArrayList<ReplicaAction>();
        if (!success && result.role() == ProbeResult.Role.LIVENESS) {
            switch (service.liveness().map(LivenessSpec::then).orElseThrow()) {
                case LivenessSpec.Then.Restart() -> {
                    return stopUnhealthy(state, cause, ReplicaPhase.AfterStop.RESTART);
                }
                case LivenessSpec.Then.Stop() -> {
                    return stopUnhealthy(state, cause, ReplicaPhase.AfterStop.FAIL);
                }
                case LivenessSpec.Then.Send(var signal) -> actions.add(new ReplicaAction.SendSignal(signal));
                case LivenessSpec.Then.Nothing() -> {
                    // Only the status changes.
                }
            }
        }
        ProbeVerdicts verdicts = watching.verdicts().with(result, success);
        if (result.role() == ProbeResult.Role.STARTUP) {
            actions.add(new ReplicaAction.StartRemainingProbes());
        }
        ReplicaState next = state.with(new ReplicaPhase.Watching(watching.container(), verdicts));
        actions.add(status(next, verdicts.status()));
        return new Step(next, actions);
    }

    private static Step stopUnhealthy(ReplicaState state, Cause cause, ReplicaPhase.AfterStop then) {
        return new Step(
                state.with(new ReplicaPhase.Stopping(cause, then)),
                new ReplicaAction.StopProbes(),
                status(state, ReplicaStatus.UNHEALTHY, cause),
                new ReplicaAction.StopContainer());
    }

    /** A new container is launched only after this one has certainly ended: a failed stop is retried. */
    private Step whileStopping(ReplicaState state, ReplicaPhase.Stopping stopping, ReplicaEvent event, long now) {
        return switch (event) {
            case ReplicaEvent.StopSucceeded(var lived) ->
                switch (stopping.then()) {
                    case RESTART -> restartOrFail(state, stopping.cause(), lived, 1, now);
                    case FAIL ->
                        end(state, ReplicaStatus.FAILED, stopping.cause().and("liveness: then: stop"));
                    case STAY_STOPPED -> end(state, ReplicaStatus.STOPPED, stopping.cause());
                };
            // FAILED, not UNHEALTHY: for services that depend on it, it must not count as started.
            case ReplicaEvent.StopFailed(var message)
            when stopping.then() == ReplicaPhase.AfterStop.STAY_STOPPED ->
                end(state, ReplicaStatus.FAILED, stopping.cause().and(message));
            case ReplicaEvent.StopFailed(var message) ->
                new Step(
                        state,
                        status(state, ReplicaStatus.UNHEALTHY, stopping.cause().and(message)),
                        new ReplicaAction.StopContainer());
            default -> new Step(state);
        };
    }

    private Step restartOrFail(ReplicaState state, Cause cause, Optional<Duration> lived, int exitCode, long now) {
        RestartTracker ended = state.restarts().ended(cause, lived, now);
        RestartPolicy policy = service.restart();
        if (!policy.restartsAfter(exitCode, ended.ends())) {
            boolean wouldOnce = policy.restartsAfter(exitCode, 0);
            String reason = wouldOnce ? "all restarts used (restart: " + policy + ")" : "restart: " + policy;
            return end(state.with(ended), ReplicaStatus.FAILED, cause.and(reason));
        }
        Duration delay = service.restart().backoff().delay(ended.ends());
        var next = new ReplicaState(
                new ReplicaPhase.BackingOff(now + Durations.nanos(delay)),
                ended.restarting(),
                state.totalRestarts() + 1);
        var crashed =
                StatusWithCause.of(ReplicaStatus.CRASHED, cause.and("starts again in " + Durations.format(delay)));
        return new Step(next, new ReplicaAction.SetStatus(next.restarts().mark(crashed), true));
    }

    private static Step end(ReplicaState state, ReplicaStatus status, Cause cause) {
        return new Step(state.with(new ReplicaPhase.Idle()), status(state, status, cause));
    }

    private static Step after(ReplicaAction first, Step step) {
        var actions = new ArrayList<ReplicaAction>();
        actions.add(first);
        actions.addAll(step.actions());
        return new Step(step.state(), actions);
    }

    private static ReplicaAction status(ReplicaState state, ReplicaStatus status, Cause cause) {
        return status(state, StatusWithCause.of(status, cause));
    }

    private static ReplicaAction status(ReplicaState state, StatusWithCause status) {
        return new ReplicaAction.SetStatus(state.restarts().mark(status), false);
    }
}
