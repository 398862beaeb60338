package dev.nucleus.fleet;

import dev.nucleus.health.Cause;
import dev.nucleus.health.ProbeAnswer;
import dev.nucleus.health.ReplicaStatus;
import dev.nucleus.health.Transition;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** A replica's status, how it came to it, and the last answers of its probes. Guarded by its own monitor. */
final class ReplicaHistory {

    private static final int TRANSITIONS = 100;
    private static final int ANSWERS = 60;
    private static final int FLAPPING_TURNS = 5;
    private static final Duration FLAPPING_WITHIN = Duration.ofMinutes(10);

    private final List<Transition> transitions = new ArrayList<>();
    private final List<ProbeAnswer> answers = new ArrayList<>();
    private ReplicaStatus status = ReplicaStatus.WAITING;
    private Instant since = Instant.now();
    private Cause cause = Cause.running("not started yet");

    record Now(
            ReplicaStatus status,
            Instant since,
            String cause,
            boolean flapping,
            List<Transition> history,
            List<ProbeAnswer> answers) {}

    /** @return whether the status changed */
    synchronized boolean move(ReplicaStatus to, Cause why) {
        if (to == status && why.equals(cause)) {
            return false;
        }
        // What it begins as is told too, even if that is what everything begins as.
        boolean changed = to != status || transitions.isEmpty();
        if (changed) {
            Instant now = Instant.now();
            append(transitions, new Transition(now, status, to, why.kind(), why.words()), TRANSITIONS);
            since = now;
        }
        status = to;
        cause = why;
        return changed;
    }

    synchronized void answered(ProbeAnswer answer) {
        append(answers, answer, ANSWERS);
    }

    synchronized ReplicaStatus status() {
        return status;
    }

    synchronized Now now() {
        return new Now(
                status, since, cause.words(), flapping(Instant.now()), List.copyOf(transitions), List.copyOf(answers));
    }

    /** Whether it has left ready again and again of late. */
    private boolean flapping(Instant now) {
        return transitions.stream()
                        .filter(transition -> transition.from() == ReplicaStatus.READY
                                && transition.at().isAfter(now.minus(FLAPPING_WITHIN)))
                        .count()
                >= FLAPPING_TURNS;
    }

    private static <T> void append(List<T> list, T value, int most) {
        list.add(value);
        if (list.size() > most) {
            list.removeFirst();
        }
    }
}
