package dev.nucleus.shim;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.plan.LaunchStep;
import dev.nucleus.support.NativeEnum;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Both sides of the protocol use the same numbers. */
class MessageNumbersTest {

    private static final String MESSAGES = "src/base/shim_messages.h";

    @Test
    void requestNumbersMatchTheNativeSide() {
        Map<String, Integer> requests = NativeEnum.constants(MESSAGES, "request", "REQUEST_");
        // Sent only by clients.
        requests.keySet().removeAll(Set.of("STDIN_END", "ATTACH"));

        assertThat(Arrays.stream(Request.values()).collect(Collectors.toMap(Request::name, Request::number)))
                .isEqualTo(requests);
    }

    @Test
    void answerNumbersMatchTheNativeSide() {
        Map<String, Integer> answers = NativeEnum.constants(MESSAGES, "answer", "ANSWER_");
        // Sent only to clients.
        answers.keySet().removeAll(Set.of("ATTACHED", "ENDED"));

        assertThat(Arrays.stream(Answer.values()).collect(Collectors.toMap(Answer::name, Answer::number)))
                .isEqualTo(answers);
    }

    @Test
    void execKindsMatchTheNativeSide() {
        assertThat(NativeEnum.constants(MESSAGES, "exec_kind", "EXEC_"))
                .isEqualTo(Map.of("ATTACHED", 0, "CAPTURED", 1, "COPY", Shim.COPY));
    }

    @Test
    void stepNumbersMatchTheNativeSide() {
        Map<String, Integer> steps = NativeEnum.constants("src/base/failure.h", "step", "STEP_");
        assertThat(steps.remove("COUNT")).isEqualTo(LaunchStep.values().length);

        assertThat(Arrays.stream(LaunchStep.values()).collect(Collectors.toMap(LaunchStep::name, LaunchStep::ordinal)))
                .isEqualTo(steps);
    }
}
