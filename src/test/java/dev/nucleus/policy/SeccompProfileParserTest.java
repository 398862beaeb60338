package dev.nucleus.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.policy.SeccompProfile.Condition;
import dev.nucleus.policy.SeccompProfile.Operator;
import dev.nucleus.policy.SeccompProfile.Rule;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SeccompProfileParserTest {

    private static SeccompProfile parse(String json) {
        return SeccompProfileParser.parse("x", json.replace('\'', '"'));
    }

    @Test
    void aProfileIsReadInTheOciFormat() {
        SeccompProfile profile = parse("""
                {'comment': 'ours', 'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 38,
                 'architectures': ['SCMP_ARCH_X86_64'], 'archMap': [], 'syscalls': [
                  {'names': ['read', 'write'], 'action': 'SCMP_ACT_ALLOW', 'comment': 'files', 'includes': {}, 'excludes': {}},
                  {'name': 'personality', 'action': 'SCMP_ACT_ALLOW', 'args': [
                    {'index': 0, 'value': 18446744073709551615, 'op': 'SCMP_CMP_EQ'},
                    {'index': 1, 'value': 0, 'op': 'SCMP_CMP_NE'},
                    {'index': 5, 'value': 2114060288, 'valueTwo': 7, 'op': 'SCMP_CMP_MASKED_EQ'}]},
                  {'names': ['clone3'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': 38},
                  {'names': ['ptrace'], 'action': 'SCMP_ACT_ERRNO', 'args': null}]}
                """);

        assertThat(profile)
                .isEqualTo(new SeccompProfile(
                        "x",
                        38,
                        List.of(
                                new Rule(List.of("read", "write"), OptionalInt.empty(), List.of()),
                                new Rule(
                                        List.of("personality"),
                                        OptionalInt.empty(),
                                        List.of(
                                                new Condition(0, Operator.EQUAL, -1, 0),
                                                new Condition(1, Operator.NOT_EQUAL, 0, 0),
                                                new Condition(5, Operator.MASKED_EQUAL, 2114060288, 7))),
                                new Rule(List.of("clone3"), OptionalInt.of(38), List.of()),
                                new Rule(List.of("ptrace"), OptionalInt.of(1), List.of())),
                        List.of()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD"})
    void everyRefusingDefaultActionMeansEperm(String action) {
        SeccompProfile profile =
                parse("{'defaultAction': '%s', 'syscalls': [{'names': ['read'], 'action': 'SCMP_ACT_ALLOW'}]}"
                        .formatted(action));

        assertThat(profile.defaultErrno()).isEqualTo(1);
    }

    /** In a filter's answer an error number has 16 bits; further bits would turn this refusal into SCMP_ACT_ALLOW. */
    @Test
    void anErrorNumberCannotAllowACall() {
        int beyond = 0x7ffa0000;

        assertThatThrownBy(() -> parse(
                        "{'defaultAction': 'SCMP_ACT_ERRNO', 'syscalls': [{'names': ['clone3'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': %d}]}"
                                .formatted(beyond)))
                .hasMessage("errnoRet must be 0 to 4095, was 2147090432");
        assertThatThrownBy(() -> parse(
                        "{'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': %d, 'syscalls': [{'names': ['read'], 'action': 'SCMP_ACT_ALLOW'}]}"
                                .formatted(beyond)))
                .hasMessage("defaultErrnoRet must be 0 to 4095, was 2147090432");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 4095})
    void anErrorNumberIs0To4095(int errno) {
        SeccompProfile profile = parse(
                "{'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': %d, 'syscalls': [{'names': ['read'], 'action': 'SCMP_ACT_ALLOW'}]}"
                        .formatted(errno));

        assertThat(profile.defaultErrno()).isEqualTo(errno);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'names': ['read'], 'action': 'SCMP_ACT_ALLOW', 'includes': {'caps': ['CAP_BPF']}} | a rule has fields that are not understood: includes; known are action, args, comment, errnoRet, name, names",
                "{'names': ['read'], 'action': 'SCMP_ACT_ALLOW', 'minKernel': '4.8'} | a rule has fields that are not understood: minKernel; known are action, args, comment, errnoRet, name, names",
                "{'names': [], 'action': 'SCMP_ACT_ALLOW'} | a rule names no system call",
                "{'names': ['read'], 'action': 'SCMP_ACT_LOG'} | a rule for read has the action 'SCMP_ACT_LOG'; supported are SCMP_ACT_ALLOW and SCMP_ACT_ERRNO",
                "{'names': ['read', {}], 'action': 'SCMP_ACT_ALLOW'} | a system call must be named by a string, was {}",
                "{'name': 5, 'action': 'SCMP_ACT_ALLOW'} | a system call must be named by a string, was 5",
                "{'names': ['read'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': 'ENOSYS'} | errnoRet must be 0 to 4095, was \"ENOSYS\"",
                "{'names': ['read'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': -1} | errnoRet must be 0 to 4095, was -1",
                "{'names': ['read'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': 4096} | errnoRet must be 0 to 4095, was 4096",
                "{'names': ['kcmp'], 'action': 'SCMP_ACT_ALLOW', 'args': 'index 0 == 1'} | args must be a list, was \"index 0 == 1\"",
                "{'names': ['kcmp'], 'action': 'SCMP_ACT_ALLOW', 'args': {'index': 0}} | args must be a list, was {\"index\":0}",
                "{'names': 'chmod', 'name': 'read', 'action': 'SCMP_ACT_ALLOW'} | names must be a list, was \"chmod\"",
                "{'names': ['read']} | a rule for read has the action ''; supported are SCMP_ACT_ALLOW and SCMP_ACT_ERRNO",
            })
    void aRuleThatIsNotUnderstoodIsRefused(String rule, String message) {
        assertThatThrownBy(() -> parse("{'defaultAction': 'SCMP_ACT_ERRNO', 'syscalls': [%s]}".formatted(rule)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'index': 6, 'value': 1, 'op': 'SCMP_CMP_EQ'} | an argument's index must be 0 to 5, was 6",
                "{'index': -1, 'value': 1, 'op': 'SCMP_CMP_EQ'} | an argument's index must be 0 to 5, was -1",
                "{'value': 1, 'op': 'SCMP_CMP_EQ'} | an argument's index must be 0 to 5, but is missing",
                "{'index': '2', 'value': 1, 'op': 'SCMP_CMP_EQ'} | an argument's index must be 0 to 5, was \"2\"",
                "{'index': 1.7, 'value': 1, 'op': 'SCMP_CMP_EQ'} | an argument's index must be 0 to 5, was 1.7",
                "'index 0 == 1' | an argument's index must be 0 to 5, but is missing",
                "{'index': 0, 'value': 1, 'op': 'SCMP_CMP_ALMOST'} | unknown seccomp operator 'SCMP_CMP_ALMOST'",
                "{'index': 0, 'value': 1} | unknown seccomp operator ''",
                "{'index': 0, 'value': 1, 'op': 'SCMP_CMP_EQ', 'mask': 7} | an argument has fields that are not understood: mask; known are index, op, value, valueTwo",
                "{'index': 0, 'op': 'SCMP_CMP_EQ'} | an argument's value must be an integer from 0 to 2^64-1, but is missing",
                "{'index': 0, 'value': 'one', 'op': 'SCMP_CMP_EQ'} | an argument's value must be an integer from 0 to 2^64-1, was \"one\"",
                "{'index': 0, 'value': 1.5, 'op': 'SCMP_CMP_EQ'} | an argument's value must be an integer from 0 to 2^64-1, was 1.5",
                "{'index': 0, 'value': -1, 'op': 'SCMP_CMP_EQ'} | an argument's value must be an integer from 0 to 2^64-1, was -1",
                "{'index': 0, 'value': 18446744073709551616, 'op': 'SCMP_CMP_EQ'} | an argument's value must be an integer from 0 to 2^64-1, was 18446744073709551616",
                "{'index': 0, 'value': 1, 'valueTwo': 'x', 'op': 'SCMP_CMP_MASKED_EQ'} | an argument's valueTwo must be an integer from 0 to 2^64-1, was \"x\"",
            })
    void anArgumentThatIsNotUnderstoodIsRefused(String argument, String message) {
        assertThatThrownBy(() -> parse(
                        "{'defaultAction': 'SCMP_ACT_ERRNO', 'syscalls': [{'names': ['read'], 'action': 'SCMP_ACT_ALLOW', 'args': [%s]}]}"
                                .formatted(argument)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'defaultAction': 'SCMP_ACT_ERRNO', 'syscalls': [{'names': ['kcmp'], 'action': 'SCMP_ACT_ALLOW', 'args': [{'index': 0, 'value': 1, 'op': 'SCMP_CMP_EQ'}], 'args': []}]}",
                "{'defaultAction': 'SCMP_ACT_ERRNO', 'syscalls': [{'names': ['read'], 'action': 'SCMP_ACT_ALLOW'}]} {}"
            })
    void ambiguousJsonIsRefused(String profile) {
        assertThatThrownBy(() -> parse(profile))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("not valid JSON: ");
    }
}
