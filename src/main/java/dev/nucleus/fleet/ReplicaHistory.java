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
            List<ProbeAnswer> answers) {}

    /** @return whether it is another status, or takes work no more, or again */
    synchronized boolean move(Standing to) {
        return move(to, false);
    }

    /** It ended: that is kept even where its status stays the same, as in a crash loop. */
    synchronized void end(Standing to) {
        move(to, true);
    }

    private boolean move(Standing to, boolean always) {
        // What it begins as is told too, even if that is what everything begins as.
        boolean turned = to.status() != status || transitions.isEmpty();
        boolean changed = always || turned || to.serving() != serving;
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
            since = turned ? now : since;
        }
        status = to.status();
        serving = to.serving();
        cause = to.cause();
        return changed;
    }

    synchronized void answered(ProbeAnswer answer) {
        append(answers, answer, ANSWERS);
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
                List.copyOf(answers));
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
