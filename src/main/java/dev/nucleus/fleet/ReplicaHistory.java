package dev.nucleus.fleet;

import dev.nucleus.probe.ProbeResult;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** A replica's status, its transitions and the last results of its probes. Guarded by its own monitor. */
final class ReplicaHistory {

    private static final int TRANSITIONS = 100;
    private static final int PROBE_RESULTS = 60;
    private static final int FLAPPING_THRESHOLD = 5;
    private static final Duration FLAPPING_WITHIN = Duration.ofMinutes(10);

    private final List<Transition> transitions = new ArrayList<>();
    private final List<ProbeResult> probeResults = new ArrayList<>();
    private ReplicaStatus status = ReplicaStatus.WAITING;
    private boolean serving;
    private Instant since = Instant.now();
    private Cause cause = Cause.running("not started yet");

    record Now(
            ReplicaStatus status,
            boolean serving,
            Instant since,
            String cause,
            boolean flapping,
            List<Transition> history,
            List<ProbeResult> probeResults) {}

    /** @return whether the status or {@code serving} has changed */
    synchronized boolean move(StatusWithCause to) {
        return move(to, false);
    }

    /** Records the end of a run, even if the status stays the same, as in a crash loop. */
    synchronized void end(StatusWithCause to) {
        move(to, true);
    }

    private boolean move(StatusWithCause to, boolean always) {
        // The first status is published even if it is the initial one.
        boolean statusChanged = to.status() != status || transitions.isEmpty();
        boolean changed = always || statusChanged || to.serving() != serving;
        if (changed) {
            Instant now = Instant.now();
            append(
                    transitions,
                    new Transition(
                            now,
                            status,
                            to.status(),
                            to.serving(),
                            to.cause().kind(),
                            to.cause().words()),
                    TRANSITIONS);
            since = statusChanged ? now : since;
        }
        status = to.status();
        serving = to.serving();
        cause = to.cause();
        return changed;
    }

    synchronized void addProbeResult(ProbeResult result) {
        append(probeResults, result, PROBE_RESULTS);
    }

    synchronized ReplicaStatus status() {
        return status;
    }

    synchronized boolean isServing() {
        return serving;
    }

    synchronized Now now() {
        return new Now(
                status,
                serving,
                since,
                cause.words(),
                flapping(Instant.now()),
                List.copyOf(transitions),
                List.copyOf(probeResults));
    }

    /** Whether it has left READY repeatedly within a short time. */
    private boolean flapping(Instant now) {
        return transitions.stream()
                        .filter(transition -> transition.from() == ReplicaStatus.READY
                                && transition.at().isAfter(now.minus(FLAPPING_WITHIN)))
                        .count()
                >= FLAPPING_THRESHOLD;
    }

    private static <T> void append(List<T> list, T value, int most) {
        list.add(value);
        if (list.size() > most) {
            list.removeFirst();
        }
    }
}
