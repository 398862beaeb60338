package dev.nucleus.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.policy.SeccompProfile.Condition;
import dev.nucleus.policy.SeccompProfile.Operator;
import dev.nucleus.policy.SeccompProfile.Rule;
import java.math.BigInteger;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SeccompProfileTest {

    private static final int AF_INET = 2;
    private static final int AF_PACKET = 17;
    private static final int FIONREAD = 0x541b;
    private static final int SIOCGIFADDR = 0x8915;

    /** The operators of seccomp_rule_add(3). */
    @ParameterizedTest
    @CsvSource({
        "SCMP_CMP_NE, 1, 4, true",
        "SCMP_CMP_NE, 1, 5, false",
        "SCMP_CMP_LT, 2, 4, true",
        "SCMP_CMP_LT, 2, 5, false",
        "SCMP_CMP_LE, 3, 5, true",
        "SCMP_CMP_LE, 3, 6, false",
        "SCMP_CMP_EQ, 4, 5, true",
        "SCMP_CMP_EQ, 4, 4, false",
        "SCMP_CMP_GE, 5, 5, true",
        "SCMP_CMP_GE, 5, 4, false",
        "SCMP_CMP_GT, 6, 6, true",
        "SCMP_CMP_GT, 6, 5, false",
        // Unsigned, as the kernel compares.
        "SCMP_CMP_LT, 2, -1, false",
        "SCMP_CMP_LE, 3, -1, false",
        "SCMP_CMP_GE, 5, -1, true",
        "SCMP_CMP_GT, 6, -1, true"
    })
    void eachOperatorComparesAnArgumentWith5(String ociName, int number, long argument, boolean holds) {
        Operator operator = Operator.of(ociName);

        assertThat(operator.number()).isEqualTo(number);
        assertThat(operator.ociName()).isEqualTo(ociName);
        assertThat(new Condition(0, operator, 5, 0).holds(argument)).isEqualTo(holds);
    }

    @ParameterizedTest
    @CsvSource({"5, true", "13, true", "4, false", "7, false", "0, false"})
    void aMaskedArgumentIsComparedWithTheExpectedValue(long argument, boolean holds) {
        assertThat(Operator.MASKED_EQUAL.number()).isEqualTo(7);
        assertThat(new Condition(0, Operator.of("SCMP_CMP_MASKED_EQ"), 7, 5).holds(argument))
                .isEqualTo(holds);
    }

    @Test
    void numbersAreUnsignedInOci() {
        assertThat(new Condition(1, Operator.MASKED_EQUAL, -1, Long.MIN_VALUE).toOci())
                .containsEntry("index", 1)
                .containsEntry("op", "SCMP_CMP_MASKED_EQ")
                .containsEntry("value", new BigInteger("18446744073709551615"))
                .containsEntry("valueTwo", new BigInteger("9223372036854775808"));
    }

    @Test
    void onlyARuleWithoutConditionsAllowsACallWithAnyArguments() {
        Condition condition = new Condition(0, Operator.EQUAL, 1, 0);
        var profile = new SeccompProfile(
                "x",
                1,
                List.of(
                        new Rule(List.of("read", "write"), OptionalInt.empty(), List.of()),
                        new Rule(List.of("socket"), OptionalInt.empty(), List.of(condition)),
                        new Rule(List.of("clone3"), OptionalInt.of(38), List.of())),
                List.of());

        assertThat(profile.allows("write")).isTrue();
        assertThat(profile.allows("socket")).isFalse();
        assertThat(profile.allows("clone3")).isFalse();
        assertThat(profile.allows("mount")).isFalse();
    }

    @Test
    void aNetworkAddsItsSocketsAndIoctlsAndNothingElse() {
        var profile = new SeccompProfile(
                "x", 38, List.of(new Rule(List.of("read"), OptionalInt.empty(), List.of())), List.of("is odd"));

        SeccompProfile networked = profile.withNetwork();

        assertThat(networked.name()).isEqualTo("x with a network");
        assertThat(networked.defaultErrno()).isEqualTo(38);
        assertThat(networked.warnings()).containsExactly("is odd");
        assertThat(ProfileAnswers.allows(networked, "read")).isTrue();
        assertThat(ProfileAnswers.allows(networked, "socket", AF_INET, 1, 0)).isTrue();
        assertThat(ProfileAnswers.allows(networked, "socket", AF_PACKET, 3, 0)).isFalse();
        assertThat(ProfileAnswers.allows(networked, "ioctl", 3, SIOCGIFADDR)).isTrue();
        assertThat(ProfileAnswers.allows(networked, "ioctl", 3, FIONREAD)).isTrue();
        assertThat(ProfileAnswers.allows(networked, "write", 1, 0, 0)).isFalse();
    }
}
