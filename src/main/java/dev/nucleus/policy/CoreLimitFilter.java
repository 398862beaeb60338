package dev.nucleus.policy;

import dev.nucleus.policy.SeccompProfile.Condition;
import dev.nucleus.policy.SeccompProfile.Operator;
import dev.nucleus.policy.SeccompProfile.Rule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Keeps RLIMIT_CORE at the container's initial value of 1, the only value at which the kernel starts no core dump
 * handler (core(5), "Piping core dumps to a program"). At 0, to which any process may lower it, the host's handler
 * would run as root on a core dump that the workload controls.
 */
final class CoreLimitFilter {

    private static final int RLIMIT_CORE = 4;
    /** RLIM_NLIMITS (getrlimit(2)). */
    private static final int LIMITS = 16;
    /** The kernel reads the number of a resource as 32 bits. */
    private static final long UNSIGNED_INT = 0xffff_ffffL;

    /** Index of the argument that is the number of the resource. */
    private static final Map<String, Integer> RESOURCES = Map.of("setrlimit", 0, "prlimit64", 1);

    /** Index of prlimit64's new limit; without one, the call only reads. */
    private static final int NEW_LIMIT = 2;

    private static final int OLD_LIMIT = 3;

    private CoreLimitFilter() {}

    static SeccompProfile apply(SeccompProfile profile) {
        var rules = new ArrayList<Rule>();
        for (Rule rule : profile.rules()) {
            List<String> others = rule.names().stream()
                    .filter(name -> rule.errno().isPresent() || !RESOURCES.containsKey(name))
                    .toList();
            if (!others.isEmpty()) {
                rules.add(new Rule(others, rule.errno(), rule.conditions()));
            }
            rule.names().stream()
                    .filter(name -> !others.contains(name))
                    .forEach(name ->
                            filtered(name, Objects.requireNonNull(RESOURCES.get(name)), rule.conditions()).stream()
                                    .filter(each -> !rules.contains(each))
                                    .forEach(rules::add));
        }
        return new SeccompProfile(profile.name(), profile.defaultErrno(), rules, profile.warnings());
    }

    private static List<Rule> filtered(String name, int index, List<Condition> conditions) {
        var rules = new ArrayList<Rule>();
        for (int resource = 0; resource < LIMITS; resource++) {
            if (resource != RLIMIT_CORE) {
                with(conditions, new Condition(index, Operator.MASKED_EQUAL, UNSIGNED_INT, resource))
                        .ifPresent(all -> rules.add(new Rule(List.of(name), OptionalInt.empty(), all)));
            }
        }
        var core = new Condition(index, Operator.MASKED_EQUAL, UNSIGNED_INT, RLIMIT_CORE);
        var change = new ArrayList<>(List.of(core));
        if (name.equals("prlimit64")) {
            with(conditions, core)
                    .flatMap(all -> with(all, new Condition(NEW_LIMIT, Operator.EQUAL, 0, 0)))
                    .ifPresent(all -> rules.add(new Rule(List.of(name), OptionalInt.empty(), all)));
            // A filter can't return the old limit, so success is reported only if the call doesn't request it.
            change.add(new Condition(NEW_LIMIT, Operator.NOT_EQUAL, 0, 0));
            change.add(new Condition(OLD_LIMIT, Operator.EQUAL, 0, 0));
        }
        // Reports success without a change: shells and servers routinely set this limit.
        rules.add(new Rule(List.of(name), OptionalInt.of(0), change));
        return rules;
    }

    /**
     * A rule may compare each argument only once (seccomp_rule_add(3)), so existing comparisons of the same argument
     * are replaced by the new, narrower one.
     *
     * @return empty: the new value does not satisfy them
     */
    private static Optional<List<Condition>> with(List<Condition> conditions, Condition added) {
        long value = added.operator() == Operator.MASKED_EQUAL ? added.expected() : added.value();
        if (!conditions.stream()
                .filter(condition -> condition.index() == added.index())
                .allMatch(condition -> condition.holds(value))) {
            return Optional.empty();
        }
        var all = new ArrayList<>(conditions);
        all.removeIf(condition -> condition.index() == added.index());
        all.add(added);
        return Optional.of(all);
    }
}
