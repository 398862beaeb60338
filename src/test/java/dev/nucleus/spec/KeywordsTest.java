package dev.nucleus.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Keywords of fleet files and commands. Each value has one, and is written as it is read. */
class KeywordsTest {

    private static <T> Arguments keywords(
            Function<String, T> parser, List<String> words, List<T> values, String error) {
        return Arguments.of(parser, words, values, error);
    }

    private static RestartPolicy restart(RestartPolicy.When when, OptionalInt attempts) {
        return new RestartPolicy(when, attempts, RestartPolicy.Backoff.DEFAULT);
    }

    static Stream<Arguments> keywords() {
        return Stream.of(
                keywords(
                        Mode::parse,
                        List.of("agent", "strict-agent", "production"),
                        List.of(Mode.values()),
                        "'x' is not a mode; write agent, strict-agent or production"),
                keywords(
                        Network::parse,
                        List.of("none", "host", "bridge"),
                        List.of(Network.values()),
                        "'x' is not a network; write none, bridge or host"),
                keywords(
                        Trust::parse,
                        List.of("trusted", "untrusted"),
                        List.of(Trust.values()),
                        "'x' is not a trust level; write trusted or untrusted"),
                keywords(
                        Lockdown::parse,
                        List.of("integrity", "confidentiality"),
                        List.of(Lockdown.values()),
                        "'x' is not a kernel lockdown; write integrity or confidentiality"),
                keywords(
                        Runtime::parse,
                        List.of("native", "gvisor"),
                        List.of(Runtime.values()),
                        "'x' is not a runtime; write native or gvisor"),
                keywords(
                        GvisorPlatform::parse,
                        List.of("systrap", "kvm", "ptrace"),
                        List.of(GvisorPlatform.values()),
                        "'x' is not a gVisor platform; write systrap, kvm or ptrace"),
                keywords(
                        WorkspaceMount.Access::parse,
                        List.of("bind-rw", "bind-ro", "copy-in-out"),
                        List.of(WorkspaceMount.Access.values()),
                        "a workspace is bind-rw, bind-ro or copy-in-out; was 'x'"),
                keywords(
                        ContextMount.Mode::parse,
                        List.of("copy", "bind"),
                        List.of(ContextMount.Mode.values()),
                        "a context mode is copy or bind; was 'x'"),
                keywords(
                        UserNamespace::parse,
                        List.of("none", "auto", "keep-id", "nomap"),
                        List.of(
                                UserNamespace.NONE,
                                new UserNamespace.Auto(),
                                new UserNamespace.KeepId(),
                                new UserNamespace.NoMap()),
                        "'x' is not a user namespace; write none, auto, keep-id, nomap, or {uids: [...], gids: [...]}"),
                keywords(
                        RestartPolicy::parse,
                        List.of("always", "on-failure", "on-failure:5", "unless-stopped", "never"),
                        List.of(
                                RestartPolicy.ALWAYS,
                                restart(RestartPolicy.When.ON_FAILURE, OptionalInt.empty()),
                                restart(RestartPolicy.When.ON_FAILURE, OptionalInt.of(5)),
                                restart(RestartPolicy.When.UNLESS_STOPPED, OptionalInt.empty()),
                                RestartPolicy.NEVER),
                        "'x' is not a restart policy; write always, on-failure, on-failure:5, unless-stopped or never"));
    }

    @ParameterizedTest
    @MethodSource("keywords")
    void keywordsRoundTripAndUnknownOnesAreRefused(
            Function<String, Object> parser, List<String> words, List<Object> values, String error) {
        assertThat(words).extracting(parser::apply).isEqualTo(values);
        assertThat(values).extracting(Object::toString).isEqualTo(words);
        assertThatThrownBy(() -> parser.apply("x"))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage(error);
    }

    @ParameterizedTest
    @CsvSource({
        "started, STARTED",
        "service_started, STARTED",
        "healthy, HEALTHY",
        "service_healthy, HEALTHY",
        "completed, COMPLETED",
        "service_completed_successfully, COMPLETED"
    })
    void aConditionHasComposesKeywordAndAShortOne(String text, Condition condition) {
        assertThat(Condition.parse(text)).isEqualTo(condition);
        assertThat(Condition.parse(condition.word())).isEqualTo(condition);
    }

    @Test
    void anUnknownConditionIsRefused() {
        assertThatThrownBy(() -> Condition.parse("ready"))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("'ready' is not a condition; write started, healthy or completed");
    }

    @Test
    void theOverflowOfALogIsBlockOrDrop() {
        assertThat(LogPolicy.Overflow.parse("block")).isEqualTo(LogPolicy.Overflow.BLOCK);
        assertThat(LogPolicy.Overflow.parse("drop")).isEqualTo(LogPolicy.Overflow.DROP);
        assertThatThrownBy(() -> LogPolicy.Overflow.parse("lose"))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("log overflow is block or drop; was 'lose'");
    }

    @Test
    void podmansHostMeansNoUserNamespace() {
        assertThat(UserNamespace.parse("host")).isEqualTo(UserNamespace.NONE);
    }

    @Test
    void anActionForAFailedProbeIsReadInEitherCase() {
        assertThat(Stream.of("restart", "Stop", "NOTHING").map(LivenessSpec.Then::parse))
                .containsExactly(
                        new LivenessSpec.Then.Restart(), new LivenessSpec.Then.Stop(), new LivenessSpec.Then.Nothing());
        assertThatThrownBy(() -> LivenessSpec.Then.parse("explode"))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("'explode' is not an action for a failed liveness probe; write restart, stop, nothing or "
                        + "{signal: HUP}");
    }

    @ParameterizedTest
    @CsvSource({"default, false", "network-server, false", "web.json, true", "policies/web, true", "./web, true"})
    void aPolicyWithADotOrASlashIsAFile(String text, boolean file) {
        assertThat(PolicySource.looksLikeFile(text)).isEqualTo(file);
    }
}
