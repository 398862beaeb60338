package dev.nucleus.spec;

import java.util.List;
import java.util.stream.Collectors;

/**
 * How user and group IDs in a container map to those of the host (user_namespaces(7)).
 *
 * @see <a href="https://docs.podman.io/en/latest/markdown/podman-run.1.html#userns-mode">Podman's keywords</a>
 */
public sealed interface UserNamespace {

    /** The host's user namespace: IDs are the same inside and outside. Only available to root. */
    UserNamespace NONE = new None();

    record None() implements UserNamespace {
        @Override
        public String toString() {
            return "none";
        }
    }

    /** An ID range that no other container of this host uses; the workload keeps its ID inside. */
    record Auto() implements UserNamespace {
        @Override
        public String toString() {
            return "auto";
        }
    }

    /**
     * The workload runs as the manager's user, with the same ID; the other IDs are from that user's subordinate ranges.
     */
    record KeepId() implements UserNamespace {
        @Override
        public String toString() {
            return "keep-id";
        }
    }

    /** Only the workload's own user and group are mapped. */
    record NoMap() implements UserNamespace {
        @Override
        public String toString() {
            return "nomap";
        }
    }

    /** Explicit ranges of user and group IDs. */
    record Explicit(List<IdRange> uids, List<IdRange> gids) implements UserNamespace {
        public Explicit {
            uids = List.copyOf(uids);
            gids = List.copyOf(gids);
            check("uids", uids);
            check("gids", gids);
        }

        private static void check(String field, List<IdRange> ranges) {
            if (ranges.isEmpty()) {
                throw new InvalidSpecException(
                        "user-namespace: " + field + " needs a range, such as [\"0:100000:65536\"]");
            }
            for (int i = 0; i < ranges.size(); i++) {
                IdRange one = ranges.get(i);
                for (IdRange other : ranges.subList(i + 1, ranges.size())) {
                    if (one.overlaps(other)) {
                        throw new InvalidSpecException(
                                "user-namespace: " + field + ": " + one + " and " + other + " overlap");
                    }
                }
            }
        }

        @Override
        public String toString() {
            return "uids " + join(uids) + ", gids " + join(gids);
        }

        private static String join(List<IdRange> ranges) {
            return ranges.stream().map(IdRange::toString).collect(Collectors.joining(" "));
        }
    }

    /**
     * @param inside the first ID in the container
     * @param outside the host ID that it is mapped to
     */
    record IdRange(int inside, int outside, int count) {
        public IdRange {
            if (inside < 0
                    || outside < 0
                    || count < 1
                    || (long) inside + count > ID_LIMIT
                    || (long) outside + count > ID_LIMIT) {
                throw new InvalidSpecException("an ID range lies within 0 to 2147483647 and is not empty, was " + inside
                        + ":" + outside + ":" + count);
            }
        }

        private static final long ID_LIMIT = 1L << 31;

        /** Reads {@code inside:outside:count}. */
        public static IdRange parse(String text) {
            if (!text.matches("\\d{1,10}:\\d{1,10}:\\d{1,10}")) {
                throw new InvalidSpecException(
                        "'" + text + "' is not an ID range; write inside:outside:count, such as 0:100000:65536");
            }
            String[] parts = text.split(":");
            try {
                return new IdRange(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]), Integer.parseInt(parts[2]));
            } catch (NumberFormatException e) {
                throw new InvalidSpecException("'" + text + "' is not an ID range: IDs are 0 to 2147483647");
            }
        }

        /** Whether it maps an ID to the host's root. */
        public boolean includesHostRoot() {
            return outside == 0;
        }

        boolean overlaps(IdRange other) {
            return meet(inside, count, other.inside, other.count) || meet(outside, count, other.outside, other.count);
        }

        private static boolean meet(int first, int length, int second, int otherLength) {
            return first < (long) second + otherLength && second < (long) first + length;
        }

        @Override
        public String toString() {
            return inside + ":" + outside + ":" + count;
        }
    }

    /** Reads a keyword. */
    static UserNamespace parse(String text) {
        return switch (text) {
            case "none", "host" -> NONE;
            case "auto" -> new Auto();
            case "keep-id" -> new KeepId();
            case "nomap" -> new NoMap();
            default ->
                throw new InvalidSpecException("'" + text
                        + "' is not a user namespace; write none, auto, keep-id, nomap, or {uids: [...], gids: [...]}");
        };
    }
}
