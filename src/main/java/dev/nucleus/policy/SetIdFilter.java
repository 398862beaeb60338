package dev.nucleus.policy;

import dev.nucleus.policy.SeccompProfile.Condition;
import dev.nucleus.policy.SeccompProfile.Operator;
import dev.nucleus.policy.SeccompProfile.Rule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/**
 * Refuses the set-user-ID and set-group-ID bits in every system call that sets a file's mode. A file of a container's
 * user that stays on the host with such a bit gives anyone who runs it there the rights of that user: root's, if the
 * user is root.
 *
 * <p>All conditions of one rule must be met, and one of several rules is enough: both libseccomp and gVisor combine
 * them like this.
 */
final class SetIdFilter {

    /** S_ISUID and S_ISGID (inode(7)). */
    private static final long SET_ID = 06000;

    /** Index of each call's mode argument. */
    private static final Map<String, Integer> MODES = Map.of(
            "chmod",
            1,
            "fchmod",
            1,
            "fchmodat",
            2,
            "fchmodat2",
            2,
            "mkdir",
            1,
            "mkdirat",
            2,
            "mknod",
            1,
            "mknodat",
            2,
            "creat",
            1);

    /**
     * Index of the flags of calls that create a file only with certain flags; the mode comes next, and is garbage
     * otherwise.
     */
    private static final Map<String, Integer> FLAGS = Map.of("open", 1, "openat", 2);

    /** O_CREAT and the bit that only O_TMPFILE has: with either, the kernel reads a mode (WILL_CREATE in fs/open.c). */
    private static final long CREATING = 0x400040;

    /** Calls whose modes are in memory, which a filter can't read. */
    private static final Set<String> UNFILTERABLE =
            Set.of("openat2", "io_uring_setup", "io_uring_enter", "io_uring_register");

    private static final int ENOSYS = 38;

    private SetIdFilter() {}

    static SeccompProfile apply(SeccompProfile profile) {
        var rules = new ArrayList<Rule>();
        // Reported as missing rather than refused, so that programs fall back to another call.
        var absent = new TreeSet<>(Set.of("openat2"));
        var unclear = new TreeSet<String>();
        for (Rule rule : profile.rules()) {
            var kept = new ArrayList<String>();
            for (String name : rule.names()) {
                if (UNFILTERABLE.contains(name)) {
                    absent.add(name);
                } else if (rule.errno().isPresent() || !MODES.containsKey(name) && !FLAGS.containsKey(name)) {
                    kept.add(name);
                } else {
                    List<Rule> filtered = filtered(name, rule.conditions());
                    rules.addAll(filtered);
                    if (filtered.isEmpty()) {
                        unclear.add(name);
                    }
                }
            }
            if (!kept.isEmpty()) {
                rules.add(new Rule(kept, rule.errno(), rule.conditions()));
            }
        }
        rules.add(new Rule(List.copyOf(absent), OptionalInt.of(ENOSYS), List.of()));
        var warnings = new ArrayList<>(profile.warnings());
        if (!unclear.isEmpty()) {
            warnings.add("allows " + String.join(", ", unclear)
                    + " by a condition that can't be combined with the one that refuses set-user-ID and set-group-ID"
                    + " bits: that rule was left out, because the container can reach files that outlive it");
        }
        return new SeccompProfile(profile.name(), profile.defaultErrno(), rules, warnings);
    }

    private static List<Rule> filtered(String name, List<Condition> conditions) {
        var rules = new ArrayList<Rule>();
        Integer mode = MODES.get(name);
        Integer flags = FLAGS.get(name);
        if (mode != null) {
            without(conditions, mode, SET_ID).ifPresent(all -> rules.add(allow(name, all)));
        }
        if (flags != null) {
            without(conditions, flags, CREATING).ifPresent(all -> rules.add(allow(name, all)));
            without(conditions, flags + 1, SET_ID).ifPresent(all -> rules.add(allow(name, all)));
        }
        return rules;
    }

    private static Rule allow(String name, List<Condition> conditions) {
        return new Rule(List.of(name), OptionalInt.empty(), conditions);
    }

    /**
     * Adds the condition that an argument has none of these bits. A rule compares each argument at most once
     * (seccomp_rule_add(3)), so an existing comparison is narrowed.
     *
     * @return empty: no value satisfies both, or one comparison can't express it
     */
    private static Optional<List<Condition>> without(List<Condition> conditions, int index, long bits) {
        var all = new ArrayList<Condition>();
        boolean compared = false;
        for (Condition condition : conditions) {
            if (condition.index() != index) {
                all.add(condition);
                continue;
            }
            Optional<Condition> narrowed = narrowed(condition, bits);
            if (compared || narrowed.isEmpty()) {
                return Optional.empty();
            }
            compared = true;
            all.add(narrowed.get());
        }
        if (!compared) {
            all.add(new Condition(index, Operator.MASKED_EQUAL, bits, 0));
        }
        return Optional.of(all);
    }

    private static Optional<Condition> narrowed(Condition condition, long bits) {
        return switch (condition.operator()) {
            case EQUAL -> Optional.of(condition).filter(equal -> (equal.value() & bits) == 0);
            case MASKED_EQUAL ->
                (condition.expected() & bits) != 0
                        ? Optional.empty()
                        : Optional.of(new Condition(
                                condition.index(),
                                Operator.MASKED_EQUAL,
                                condition.value() | bits,
                                condition.expected()));
            // Values below the lowest bit have none of them set.
            case LESS ->
                Optional.of(condition).filter(less -> Long.compareUnsigned(less.value(), Long.lowestOneBit(bits)) <= 0);
            case LESS_OR_EQUAL ->
                Optional.of(condition).filter(less -> Long.compareUnsigned(less.value(), Long.lowestOneBit(bits)) < 0);
            case NOT_EQUAL, GREATER, GREATER_OR_EQUAL -> Optional.empty();
        };
    }
}
