package dev.nucleus.policy;

import dev.nucleus.policy.SeccompProfile.Rule;
import java.util.List;
import java.util.OptionalInt;

/** A profile's answer to a call: if several rules name the call, it is allowed if any of them allows it. */
final class ProfileAnswers {

    private ProfileAnswers() {}

    static boolean allows(SeccompProfile profile, String call, long... arguments) {
        return answer(profile, call, arguments).isEmpty();
    }

    /** Returns the error number that the call fails with; empty if it is allowed. */
    static OptionalInt answer(SeccompProfile profile, String call, long... arguments) {
        List<OptionalInt> answers = profile.rules().stream()
                .filter(rule -> rule.names().contains(call) && applies(rule, arguments))
                .map(Rule::errno)
                .toList();
        if (answers.stream().anyMatch(OptionalInt::isEmpty)) {
            return OptionalInt.empty();
        }
        return answers.stream().findFirst().orElse(OptionalInt.of(profile.defaultErrno()));
    }

    private static boolean applies(Rule rule, long... arguments) {
        return rule.conditions().stream().allMatch(condition -> condition.holds(arguments[condition.index()]));
    }
}
