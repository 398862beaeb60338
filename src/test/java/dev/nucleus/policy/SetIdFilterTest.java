package dev.nucleus.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.policy.SeccompProfile.Condition;
import dev.nucleus.policy.SeccompProfile.Operator;
import dev.nucleus.policy.SeccompProfile.Rule;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SetIdFilterTest {

    private static final int EPERM = 1;
    private static final int EACCES = 13;
    private static final int ENOSYS = 38;

    /** The flags of open(2). */
    private static final long O_WRONLY = 01;

    private static final long O_CREAT = 0100;
    private static final long O_DIRECTORY = 0200000;
    private static final long O_TMPFILE = 020000000 | O_DIRECTORY;
    private static final long O_CLOEXEC = 02000000;

    private static SeccompProfile filtered(Rule... rules) {
        return new SeccompProfile("x", EPERM, List.of(rules), List.of("is odd")).withoutSetIdFiles();
    }

    private static Rule allow(List<String> names, Condition... conditions) {
        return new Rule(names, OptionalInt.empty(), List.of(conditions));
    }

    private static long[] withMode(int index, long mode) {
        var arguments = new long[6];
        arguments[index] = mode;
        return arguments;
    }

    @ParameterizedTest
    @CsvSource({
        "chmod, 1",
        "fchmod, 1",
        "fchmodat, 2",
        "fchmodat2, 2",
        "mkdir, 1",
        "mkdirat, 2",
        "mknod, 1",
        "mknodat, 2",
        "creat, 1"
    })
    void aModeMayHaveAllBitsButSetUserIdAndSetGroupId(String call, int index) {
        SeccompProfile profile = filtered(allow(List.of(call)));

        for (long mode : new long[] {04755, 02755, 06777, 0104755}) {
            assertThat(ProfileAnswers.answer(profile, call, withMode(index, mode)))
                    .as("%o", mode)
                    .hasValue(EPERM);
        }
        for (long mode : new long[] {0, 0755, 01777, 0100644}) {
            assertThat(ProfileAnswers.allows(profile, call, withMode(index, mode)))
                    .as("%o", mode)
                    .isTrue();
        }
        assertThat(profile.warnings()).containsExactly("is odd");
    }

    @ParameterizedTest
    @ValueSource(longs = {O_CREAT, O_CREAT | O_WRONLY, O_TMPFILE | O_WRONLY})
    void aFileIsNotCreatedWithTheBits(long flags) {
        SeccompProfile profile = filtered(allow(List.of("open", "openat")));

        assertThat(ProfileAnswers.answer(profile, "open", 0, flags, 04755)).hasValue(EPERM);
        assertThat(ProfileAnswers.answer(profile, "openat", 3, 0, flags, 02755)).hasValue(EPERM);
        assertThat(ProfileAnswers.allows(profile, "open", 0, flags, 0755)).isTrue();
        assertThat(ProfileAnswers.allows(profile, "openat", 3, 0, flags, 01777)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, O_WRONLY, O_DIRECTORY, O_CLOEXEC})
    void theModeIsIgnoredWhenNoFileIsCreated(long flags) {
        SeccompProfile profile = filtered(allow(List.of("open", "openat")));

        assertThat(ProfileAnswers.allows(profile, "open", 0, flags, 06755)).isTrue();
        assertThat(ProfileAnswers.allows(profile, "openat", 3, 0, flags, 06755)).isTrue();
    }

    @Test
    void callsWhoseModesNoFilterSeesFailWithEnosys() {
        SeccompProfile profile =
                filtered(allow(List.of("read", "openat2", "io_uring_setup", "io_uring_enter", "io_uring_register")));

        assertThat(List.of("openat2", "io_uring_setup", "io_uring_enter", "io_uring_register"))
                .allSatisfy(
                        call -> assertThat(ProfileAnswers.answer(profile, call)).hasValue(ENOSYS));
        assertThat(ProfileAnswers.allows(profile, "read")).isTrue();
        assertThat(ProfileAnswers.answer(filtered(allow(List.of("read"))), "openat2"))
                .as("programs have a fallback for it")
                .hasValue(ENOSYS);
    }

    @Test
    void otherCallsAndRefusalsAreUnchanged() {
        Rule refusal = new Rule(List.of("chmod", "open"), OptionalInt.of(EACCES), List.of());

        SeccompProfile profile = filtered(refusal, allow(List.of("read", "mkdir", "write")));

        assertThat(profile.rules()).contains(refusal, allow(List.of("read", "write")));
        assertThat(profile.rules()).noneMatch(rule -> rule.names().isEmpty());
        assertThat(ProfileAnswers.answer(profile, "chmod", 0, 0755)).hasValue(EACCES);
        assertThat(profile.name()).isEqualTo("x");
        assertThat(profile.defaultErrno()).isEqualTo(EPERM);
    }

    static Stream<Arguments> combinable() {
        return Stream.of(
                Arguments.of(new Condition(1, Operator.EQUAL, 0755, 0), 0755, 0754),
                Arguments.of(new Condition(1, Operator.MASKED_EQUAL, 7, 5), 0755, 0754),
                Arguments.of(new Condition(1, Operator.MASKED_EQUAL, 7, 5), 0755, 04755),
                Arguments.of(new Condition(1, Operator.MASKED_EQUAL, 04000, 0), 0755, 02755),
                Arguments.of(new Condition(1, Operator.LESS, 02000, 0), 01777, 02000),
                Arguments.of(new Condition(1, Operator.LESS_OR_EQUAL, 01777, 0), 01777, 02000));
    }

    @ParameterizedTest
    @MethodSource("combinable")
    void aConditionOnTheModeStillApplies(Condition condition, long allowed, long refused) {
        SeccompProfile profile = filtered(allow(List.of("chmod"), condition));

        assertThat(ProfileAnswers.allows(profile, "chmod", 0, allowed)).isTrue();
        assertThat(ProfileAnswers.allows(profile, "chmod", 0, refused)).isFalse();
        assertThat(profile.rules())
                .as("a rule compares an argument at most once, seccomp_rule_add(3)")
                .allSatisfy(rule -> assertThat(rule.conditions())
                        .extracting(Condition::index)
                        .doesNotHaveDuplicates());
        assertThat(profile.warnings()).containsExactly("is odd");
    }

    static Stream<Arguments> notCombinable() {
        return Stream.of(
                Arguments.of(List.of(new Condition(1, Operator.EQUAL, 04755, 0))),
                Arguments.of(List.of(new Condition(1, Operator.MASKED_EQUAL, 06000, 02000))),
                Arguments.of(List.of(new Condition(1, Operator.LESS, 02001, 0))),
                Arguments.of(List.of(new Condition(1, Operator.LESS, -1, 0))),
                Arguments.of(List.of(new Condition(1, Operator.LESS_OR_EQUAL, 02000, 0))),
                Arguments.of(List.of(new Condition(1, Operator.LESS_OR_EQUAL, -1, 0))),
                Arguments.of(List.of(new Condition(1, Operator.NOT_EQUAL, 0, 0))),
                Arguments.of(List.of(new Condition(1, Operator.GREATER, 0, 0))),
                Arguments.of(List.of(new Condition(1, Operator.GREATER_OR_EQUAL, 0, 0))),
                Arguments.of(List.of(
                        new Condition(1, Operator.LESS, 0777, 0), new Condition(1, Operator.MASKED_EQUAL, 7, 5))));
    }

    @ParameterizedTest
    @MethodSource("notCombinable")
    void aRuleWhoseConditionCannotBeCombinedIsLeftOutWithAWarning(List<Condition> conditions) {
        SeccompProfile profile =
                filtered(new Rule(List.of("mkdir", "chmod"), OptionalInt.empty(), conditions), allow(List.of("read")));

        assertThat(ProfileAnswers.answer(profile, "chmod", 0, 0755)).hasValue(EPERM);
        assertThat(ProfileAnswers.answer(profile, "mkdir", 0, 04755)).hasValue(EPERM);
        assertThat(profile.warnings())
                .containsExactly(
                        "is odd",
                        "allows chmod, mkdir by a condition that can't be combined with the one that refuses"
                                + " set-user-ID and set-group-ID bits: that rule was left out, because the container"
                                + " can reach files that outlive it");
    }

    @Test
    void conditionsOnOtherArgumentsStillApply() {
        SeccompProfile profile = filtered(
                allow(List.of("openat"), new Condition(0, Operator.EQUAL, 3, 0)),
                allow(List.of("open"), new Condition(1, Operator.EQUAL, O_CREAT, 0)));

        assertThat(ProfileAnswers.allows(profile, "openat", 3, 0, 0, 06755)).isTrue();
        assertThat(ProfileAnswers.allows(profile, "openat", 4, 0, 0, 0644)).isFalse();
        assertThat(ProfileAnswers.allows(profile, "openat", 3, 0, O_CREAT, 0644))
                .isTrue();
        assertThat(ProfileAnswers.allows(profile, "openat", 4, 0, O_CREAT, 0644))
                .isFalse();
        assertThat(ProfileAnswers.allows(profile, "open", 0, O_CREAT, 0644)).isTrue();
        assertThat(ProfileAnswers.allows(profile, "open", 0, 0, 0644)).isFalse();
        assertThat(ProfileAnswers.allows(profile, "open", 0, O_CREAT, 04755)).isFalse();
    }
}
