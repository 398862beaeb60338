package dev.nucleus.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.policy.SeccompProfile.Condition;
import dev.nucleus.policy.SeccompProfile.Operator;
import dev.nucleus.policy.SeccompProfile.Rule;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** getrlimit(2) names the limits and their numbers. */
class CoreLimitFilterTest {

    private static final int EPERM = 1;
    private static final int EACCES = 13;
    private static final long CORE = 4;
    private static final long OPEN_FILES = 7;
    private static final long LIMIT = 0x1000;
    private static final long OLD = 0x2000;
    private static final OptionalInt DONE = OptionalInt.of(0);

    private static SeccompProfile filtered(Rule... rules) {
        return new SeccompProfile("x", EPERM, List.of(rules), List.of("is odd")).withFixedCoreLimit();
    }

    private static Rule allow(List<String> names, Condition... conditions) {
        return new Rule(names, OptionalInt.empty(), List.of(conditions));
    }

    @ParameterizedTest
    @ValueSource(longs = {CORE, 1L << 32 | CORE})
    void aChangeOfTheCoreLimitReportsSuccessWithoutEffect(long core) {
        SeccompProfile profile = filtered(allow(List.of("setrlimit", "prlimit64")));

        assertThat(ProfileAnswers.answer(profile, "setrlimit", core, LIMIT)).isEqualTo(DONE);
        assertThat(ProfileAnswers.answer(profile, "prlimit64", 0, core, LIMIT, 0))
                .isEqualTo(DONE);
        assertThat(ProfileAnswers.answer(profile, "prlimit64", 0, core, LIMIT, OLD))
                .as("the old limit cannot be reported")
                .hasValue(EPERM);
        assertThat(ProfileAnswers.allows(profile, "prlimit64", 0, core, 0, OLD))
                .as("reads")
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
    void everyOtherLimitMayBeChanged(long resource) {
        SeccompProfile profile = filtered(allow(List.of("setrlimit", "prlimit64")));

        assertThat(ProfileAnswers.allows(profile, "setrlimit", resource, LIMIT)).isTrue();
        assertThat(ProfileAnswers.allows(profile, "prlimit64", 0, resource, LIMIT, OLD))
                .isTrue();
    }

    @Test
    void anUnknownLimitIsRefused() {
        assertThat(ProfileAnswers.answer(filtered(allow(List.of("setrlimit"))), "setrlimit", 16, LIMIT))
                .hasValue(EPERM);
    }

    @Test
    void otherCallsAndRefusalsAreUnchanged() {
        Rule refusal = new Rule(List.of("setrlimit"), OptionalInt.of(EACCES), List.of());

        SeccompProfile profile = filtered(refusal, allow(List.of("read", "prlimit64", "write")));

        assertThat(profile.rules()).contains(refusal, allow(List.of("read", "write")));
        assertThat(ProfileAnswers.answer(profile, "setrlimit", CORE, LIMIT)).hasValue(EACCES);
        assertThat(profile.name()).isEqualTo("x");
        assertThat(profile.defaultErrno()).isEqualTo(EPERM);
        assertThat(profile.warnings()).containsExactly("is odd");
    }

    @Test
    void aProfileThatAllowsNoLimitChangesStaysThatWay() {
        SeccompProfile profile = filtered(allow(List.of("read", "getrlimit")));

        assertThat(profile.rules()).containsExactly(allow(List.of("read", "getrlimit")));
    }

    @Test
    void conditionsOnOtherArgumentsStillApply() {
        SeccompProfile profile = filtered(allow(List.of("prlimit64"), new Condition(0, Operator.EQUAL, 0, 0)));

        assertThat(ProfileAnswers.allows(profile, "prlimit64", 0, OPEN_FILES, LIMIT, 0))
                .isTrue();
        assertThat(ProfileAnswers.allows(profile, "prlimit64", 1, OPEN_FILES, LIMIT, 0))
                .isFalse();
        assertThat(ProfileAnswers.allows(profile, "prlimit64", 0, CORE, 0, OLD)).isTrue();
        assertThat(ProfileAnswers.allows(profile, "prlimit64", 1, CORE, 0, OLD)).isFalse();
    }

    @Test
    void conditionsOnTheLimitNarrowWhichMayBeChanged() {
        SeccompProfile profile = filtered(
                allow(
                        List.of("setrlimit"),
                        new Condition(0, Operator.GREATER_OR_EQUAL, 3, 0),
                        new Condition(0, Operator.NOT_EQUAL, OPEN_FILES, 0)),
                allow(List.of("prlimit64"), new Condition(1, Operator.EQUAL, OPEN_FILES, 0)));

        assertThat(ProfileAnswers.allows(profile, "setrlimit", 2, LIMIT)).isFalse();
        assertThat(ProfileAnswers.allows(profile, "setrlimit", 3, LIMIT)).isTrue();
        assertThat(ProfileAnswers.allows(profile, "setrlimit", OPEN_FILES, LIMIT))
                .isFalse();
        assertThat(ProfileAnswers.allows(profile, "prlimit64", 0, OPEN_FILES, LIMIT, 0))
                .isTrue();
        assertThat(ProfileAnswers.allows(profile, "prlimit64", 0, CORE, 0, OLD))
                .as("the profile did not allow reading it")
                .isFalse();
    }

    @Test
    void aProfileThatAllowsOnlyReadingStillDoes() {
        SeccompProfile profile = filtered(allow(List.of("prlimit64"), new Condition(2, Operator.EQUAL, 0, 0)));

        assertThat(ProfileAnswers.allows(profile, "prlimit64", 0, CORE, 0, OLD)).isTrue();
        assertThat(ProfileAnswers.allows(profile, "prlimit64", 0, OPEN_FILES, 0, OLD))
                .isTrue();
        assertThat(ProfileAnswers.allows(profile, "prlimit64", 0, OPEN_FILES, LIMIT, 0))
                .isFalse();
    }

    /** seccomp_rule_add(3): a rule compares an argument at most once. A rule without names has no effect. */
    @Test
    void everyRuleIsAcceptedByLibseccomp() {
        Rule twice = allow(
                List.of("setrlimit", "prlimit64"),
                new Condition(1, Operator.LESS, 8, 0),
                new Condition(1, Operator.GREATER, 2, 0));

        SeccompProfile profile = filtered(allow(List.of("setrlimit")), twice, twice);

        assertThat(profile.rules()).doesNotHaveDuplicates().allSatisfy(rule -> {
            assertThat(rule.names()).isNotEmpty();
            if (rule.names().contains("prlimit64")) {
                assertThat(rule.conditions()).extracting(Condition::index).doesNotHaveDuplicates();
            }
        });
    }
}
