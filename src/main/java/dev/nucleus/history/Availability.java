package dev.nucleus.history;

import dev.nucleus.fleet.ReplicaStatus;
import dev.nucleus.fleet.Transition;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/**
 * The measured availability of a service. It is available while at least one of its replicas serves. Time in which no
 * manager ran, or in which the service was stopped on purpose, is not counted.
 *
 * @param observed the counted part of the window
 * @param available the part of that in which the service was available
 */
public record Availability(Duration observed, Duration available) {

    /** How long the status of a replica may stay undecided after a manager's start. */
    private static final Duration GRACE = Duration.ofSeconds(10);

    /** 0 to 1; 1 when nothing was observed. */
    public double ratio() {
        return observed.isZero() ? 1 : (double) available.toNanos() / observed.toNanos();
    }

    public Duration unavailable() {
        return observed.minus(available);
    }

    /** What a replica contributes to the availability of its service. */
    private enum Contribution {
        READY,
        NOT_READY,
        NOTHING
    }

    private record Change(Instant at, int replica, Contribution says) {}

    /**
     * @param watches periods in which managers ran, oldest first
     * @param entries transitions of the service, oldest first, from the start of the watch in which the window begins
     */
    static Availability of(List<Watch> watches, List<Entry> entries, Instant from, Instant to) {
        Duration observed = Duration.ZERO;
        Duration available = Duration.ZERO;
        for (Watch watch : watches) {
            Instant end = earlier(watch.seen(), to);
            Map<Integer, Contribution> says = new HashMap<>();
            Instant at = watch.started();
            for (Change change : changes(watch, entries)) {
                Duration span = span(later(at, from), earlier(change.at(), end));
                observed = observed.plus(counts(says) ? span : Duration.ZERO);
                available = available.plus(ready(says) ? span : Duration.ZERO);
                says.put(change.replica(), change.says());
                at = later(at, change.at());
            }
            Duration rest = span(later(at, from), end);
            observed = observed.plus(counts(says) ? rest : Duration.ZERO);
            available = available.plus(ready(says) ? rest : Duration.ZERO);
        }
        return new Availability(observed, available);
    }

    /**
     * The changes within a watch. A replica contributes nothing until its first verdict, for at most
     * {@link #GRACE}.
     */
    private static List<Change> changes(Watch watch, List<Entry> entries) {
        var changes = new ArrayList<Change>();
        var known = new HashSet<Integer>();
        var findingOut = new HashMap<Integer, Integer>();
        for (Entry entry : entries) {
            Instant at = entry.transition().at();
            if (at.isBefore(watch.started()) || at.isAfter(watch.seen())) {
                continue;
            }
            Integer guess = findingOut.remove(entry.replica());
            if (guess != null) {
                Change late = changes.get(guess);
                changes.set(guess, new Change(earlier(late.at(), at), late.replica(), late.says()));
            }
            ReplicaStatus to = entry.transition().to();
            boolean unknown = to == ReplicaStatus.STARTING || to == ReplicaStatus.WAITING;
            if (known.add(entry.replica()) && unknown) {
                findingOut.put(entry.replica(), changes.size());
                changes.add(new Change(at.plus(GRACE), entry.replica(), Contribution.NOT_READY));
            } else {
                changes.add(new Change(at, entry.replica(), of(entry.transition())));
            }
        }
        changes.sort(Comparator.comparing(Change::at));
        return changes;
    }

    private static Contribution of(Transition transition) {
        return switch (transition.to()) {
            case READY, RUNNING -> Contribution.READY;
            case STOPPED, COMPLETED -> Contribution.NOTHING;
            case CRASH_LOOP -> transition.serving() ? Contribution.READY : Contribution.NOT_READY;
            case WAITING, STARTING, NOT_READY, UNHEALTHY, CRASHED, FAILED -> Contribution.NOT_READY;
        };
    }

    private static boolean counts(Map<Integer, Contribution> says) {
        return says.values().stream().anyMatch(one -> one != Contribution.NOTHING);
    }

    private static boolean ready(Map<Integer, Contribution> says) {
        return says.containsValue(Contribution.READY);
    }

    private static Duration span(Instant from, Instant to) {
        return to.isAfter(from) ? Duration.between(from, to) : Duration.ZERO;
    }

    private static Instant later(Instant one, Instant other) {
        return one.isAfter(other) ? one : other;
    }

    private static Instant earlier(Instant one, Instant other) {
        return one.isBefore(other) ? one : other;
    }
}
