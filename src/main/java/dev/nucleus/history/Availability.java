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
 * How available a service was: it is while at least one of its replicas serves. Time in which no manager looked, or in
 * which the service was stopped on purpose, counts neither way.
 *
 * @param observed how much of the window counts
 * @param available how much of that
 */
public record Availability(Duration observed, Duration available) {

    /** How long a replica that is found when a manager starts may take until it is known again. */
    private static final Duration FINDING_OUT = Duration.ofSeconds(10);

    /** 0 to 1; 1 when nothing was observed. */
    public double ratio() {
        return observed.isZero() ? 1 : (double) available.toNanos() / observed.toNanos();
    }

    public Duration unavailable() {
        return observed.minus(available);
    }

    /** What a replica says of a service at one moment. */
    private enum Says {
        READY,
        NOT_READY,
        NOTHING
    }

    private record Change(Instant at, int replica, Says says) {}

    /**
     * @param watches when managers looked, oldest first
     * @param entries of the service, oldest first, from the start of the watch that the window begins in
     */
    static Availability of(List<Watch> watches, List<Entry> entries, Instant from, Instant to) {
        Duration observed = Duration.ZERO;
        Duration available = Duration.ZERO;
        for (Watch watch : watches) {
            Instant end = earlier(watch.seen(), to);
            Map<Integer, Says> says = new HashMap<>();
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

    /** What changed within a watch. Until the first verdict about a replica nothing is said of it, for a while. */
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
                changes.add(new Change(at.plus(FINDING_OUT), entry.replica(), Says.NOT_READY));
            } else {
                changes.add(new Change(at, entry.replica(), of(entry.transition())));
            }
        }
        changes.sort(Comparator.comparing(Change::at));
        return changes;
    }

    private static Says of(Transition transition) {
        return switch (transition.to()) {
            case READY, RUNNING -> Says.READY;
            case STOPPED, COMPLETED -> Says.NOTHING;
            case CRASH_LOOP -> transition.serving() ? Says.READY : Says.NOT_READY;
            case WAITING, STARTING, NOT_READY, UNHEALTHY, CRASHED, FAILED -> Says.NOT_READY;
        };
    }

    private static boolean counts(Map<Integer, Says> says) {
        return says.values().stream().anyMatch(one -> one != Says.NOTHING);
    }

    private static boolean ready(Map<Integer, Says> says) {
        return says.containsValue(Says.READY);
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
