package dev.nucleus.policy;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/**
 * The system calls that a container may make, structured as in the OCI runtime specification.
 *
 * @param defaultErrno error number of calls that no rule names
 * @param rules unordered; a call that several rules name is allowed if any of them allows it
 * @param warnings deviations from the profile as it is written; each completes "the profile …"
 * @see <a href="https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#seccomp">OCI, seccomp</a>
 */
public record SeccompProfile(String name, int defaultErrno, List<Rule> rules, List<String> warnings) {

    public SeccompProfile {
        warnings = List.copyOf(warnings);
        rules = List.copyOf(rules);
    }

    /** Whether it allows a call regardless of its arguments. */
    public boolean allows(String name) {
        return rules.stream()
                .anyMatch(rule -> rule.errno().isEmpty()
                        && rule.conditions().isEmpty()
                        && rule.names().contains(name));
    }

    /**
     * The same for a container that has a network: with the sockets of the profile {@code network-server} (IPv4, IPv6
     * and NETLINK_ROUTE), and its ioctls, with which programs read their addresses (docs/decisions/0020).
     */
    public SeccompProfile withNetwork() {
        var all = new LinkedHashSet<>(rules);
        SeccompProfiles.named("network-server").rules().stream()
                .filter(rule -> rule.names().contains("socket") || rule.names().contains("ioctl"))
                .forEach(all::add);
        return new SeccompProfile(name + " with a network", defaultErrno, List.copyOf(all), warnings);
    }

    /** The same, but RLIMIT_CORE cannot be changed, so that the host's core dump handler is never started. */
    public SeccompProfile withFixedCoreLimit() {
        return CoreLimitFilter.apply(this);
    }

    /** The same without set-user-ID and set-group-ID bits, for a container that can reach files that outlive it. */
    public SeccompProfile withoutSetIdFiles() {
        return SetIdFilter.apply(this);
    }

    /**
     * @param names names of system calls
     * @param errno empty: the calls are allowed; else they are refused with this error number
     * @param conditions all must be met; none: the rule always applies
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
     * @param value the value to compare with, or the mask of {@link Operator#MASKED_EQUAL}
     * @param expected what the masked argument must equal; else unused
     */
    public record Condition(int index, Operator operator, long value, long expected) {

        /**
         * The condition in OCI's form: {@code index}, {@code op}, and unsigned numbers {@code value} and {@code
         * valueTwo}.
         */
        public Map<String, Object> toOci() {
            return Map.of(
                    "index", index,
                    "op", operator.ociName(),
                    "value", unsigned(value),
                    "valueTwo", unsigned(expected));
        }

        private static BigInteger unsigned(long number) {
            return new BigInteger(Long.toUnsignedString(number));
        }

        /** Whether an argument of this value satisfies it; numbers are compared as unsigned, as in the kernel. */
        public boolean holds(long argument) {
            return switch (operator) {
                case NOT_EQUAL -> argument != value;
                case LESS -> Long.compareUnsigned(argument, value) < 0;
                case LESS_OR_EQUAL -> Long.compareUnsigned(argument, value) <= 0;
                case EQUAL -> argument == value;
                case GREATER_OR_EQUAL -> Long.compareUnsigned(argument, value) >= 0;
                case GREATER -> Long.compareUnsigned(argument, value) > 0;
                case MASKED_EQUAL -> (argument & value) == expected;
            };
        }
    }

    /** Comparison operators, with libseccomp's numbers (seccomp_rule_add(3)) and OCI's names. */
    public enum Operator {
        NOT_EQUAL(1, "SCMP_CMP_NE"),
        LESS(2, "SCMP_CMP_LT"),
        LESS_OR_EQUAL(3, "SCMP_CMP_LE"),
        EQUAL(4, "SCMP_CMP_EQ"),
        GREATER_OR_EQUAL(5, "SCMP_CMP_GE"),
        GREATER(6, "SCMP_CMP_GT"),
        MASKED_EQUAL(7, "SCMP_CMP_MASKED_EQ");

        private static final Map<String, Operator> BY_NAME =
                Arrays.stream(values()).collect(Collectors.toUnmodifiableMap(Operator::ociName, operator -> operator));

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
