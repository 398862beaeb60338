package dev.nucleus.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Which system calls a container may make, in the shape of the OCI runtime specification.
 *
 * @param defaultErrno what a call that no rule names gets: this error number
 * @param rules in no order; a call that several rules name is allowed if any of them allows it
 * @param warnings what of the profile was not taken as it is written; each completes "the profile …"
 * @see <a href="https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#seccomp">OCI, seccomp</a>
 */
public record SeccompProfile(String name, int defaultErrno, List<Rule> rules, List<String> warnings) {

    /** Families of sockets, socket(2). */
    private static final long AF_INET = 2;

    private static final long AF_INET6 = 10;

    public SeccompProfile {
        warnings = List.copyOf(warnings);
        rules = List.copyOf(rules);
    }

    /** Whether it allows a call whatever its arguments. */
    public boolean allows(String name) {
        return rules.stream()
                .anyMatch(rule -> rule.errno().isEmpty()
                        && rule.conditions().isEmpty()
                        && rule.names().contains(name));
    }

    /** The same for a container that has a network: with sockets of IPv4 and IPv6. */
    public SeccompProfile withNetwork() {
        var all = new ArrayList<>(rules);
        for (long family : new long[] {AF_INET, AF_INET6}) {
            all.add(new Rule(
                    List.of("socket"), OptionalInt.empty(), List.of(new Condition(0, Operator.EQUAL, family, 0))));
        }
        return new SeccompProfile(name + " with a network", defaultErrno, all, warnings);
    }

    /**
     * @param names of system calls
     * @param errno empty: allowed; else refused with this error number
     * @param conditions all must hold; none: always
     */
    public record Rule(List<String> names, OptionalInt errno, List<Condition> conditions) {
        public Rule {
            names = List.copyOf(names);
            conditions = List.copyOf(conditions);
        }
    }

    /**
     * A comparison of one argument.
     *
     * @param index 0 to 5
     * @param value compared with, or the mask of {@link Operator#MASKED_EQUAL}
     * @param expected what the masked argument must equal; else unused
     */
    public record Condition(int index, Operator operator, long value, long expected) {}

    /** As libseccomp numbers them (seccomp_rule_add(3)), by their OCI names. */
    public enum Operator {
        NOT_EQUAL(1, "SCMP_CMP_NE"),
        LESS(2, "SCMP_CMP_LT"),
        LESS_OR_EQUAL(3, "SCMP_CMP_LE"),
        EQUAL(4, "SCMP_CMP_EQ"),
        GREATER_OR_EQUAL(5, "SCMP_CMP_GE"),
        GREATER(6, "SCMP_CMP_GT"),
        MASKED_EQUAL(7, "SCMP_CMP_MASKED_EQ");

        private static final Map<String, Operator> BY_NAME = java.util.Arrays.stream(values())
                .collect(java.util.stream.Collectors.toUnmodifiableMap(Operator::ociName, operator -> operator));

        private final int number;
        private final String ociName;

        Operator(int number, String ociName) {
            this.number = number;
            this.ociName = ociName;
        }

        public int number() {
            return number;
        }

        public String ociName() {
            return ociName;
        }

        static Operator of(String ociName) {
            Operator operator = BY_NAME.get(ociName);
            if (operator == null) {
                throw new IllegalArgumentException("unknown seccomp operator '" + ociName + "'");
            }
            return operator;
        }
    }
}
