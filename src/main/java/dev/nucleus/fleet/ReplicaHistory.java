package dev.nucleus.fleet;

import dev.nucleus.health.ProbeAnswer;
import dev.nucleus.health.ReplicaStatus;
import dev.nucleus.health.Transition;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** A replica's status, how it came to it, and the last answers of its probes. Guarded by its own monitor. */
final class ReplicaHistory {

    private static final int TRANSITIONS = 100;
    private static final int ANSWERS = 60;

    private final List<Transition> transitions = new ArrayList<>();
    private final List<ProbeAnswer> answers = new ArrayList<>();
    private ReplicaStatus status = ReplicaStatus.WAITING;
    private Instant since = Instant.now();
    private String cause = "not started yet";

    record Now(
            ReplicaStatus status, Instant since, String cause, List<Transition> history, List<ProbeAnswer> answers) {}

    /** @return whether the status changed */
    synchronized boolean move(ReplicaStatus to, String why) {
        if (to == status && why.equals(cause)) {
            return false;
        }
        boolean changed = to != status;
        if (changed) {
            Instant now = Instant.now();
            append(transitions, new Transition(now, status, to, why), TRANSITIONS);
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
        return new Now(status, since, cause, List.copyOf(transitions), List.copyOf(answers));
    }

    private static <T> void append(List<T> list, T value, int most) {
        list.add(value);
        if (list.size() > most) {
            list.removeFirst();
        }
    }
}
