package dev.nucleus.escape;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.spec.Mode;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Programs written by the workload run where {@code exec} was requested, and nowhere else: by name, through the dynamic
 * loader, and mapped twice. Since each way works here, its refusal in {@link EscapeTest} proves something.
 */
@Tag("isolation")
class ExecutionTest {

    @TempDir
    private static Path directory;

    @SharedManager
    private static TestManager manager;

    private static Attempts attempts;

    @BeforeAll
    static void start() throws Exception {
        attempts = new Attempts(manager, directory);
    }

    private static List<String> ways(String place) {
        return List.of(
                "start a program in " + place,
                "start a program in " + place + " by the loader",
                "run code mapped twice from " + place);
    }

    private static List<String> everywhere() {
        return Stream.of("/tmp", "/dev/shm", "its home", "a tmpfs", "a volume", "a volume in /opt", "a workspace")
                .flatMap(place -> ways(place).stream())
                .toList();
    }

    @ParameterizedTest
    @EnumSource(Setting.class)
    void programsRunWhereExecIsRequested(Setting setting) {
        setting.require();
        Map<String, Verdict> verdicts = attempts.withExecution(setting, everywhere());

        assertThat(verdicts).containsOnlyKeys(everywhere());
        assertThat(verdicts)
                .allSatisfy(
                        (name, verdict) -> assertThat(verdict.why()).as(name).isEqualTo("it succeeded"));
    }

    @ParameterizedTest
    @EnumSource(Setting.class)
    void byDefaultProgramsRunInAWorkspaceOnlyInAgentMode(Setting setting) {
        setting.require();
        List<String> names = ways("a workspace");
        Map<String, Verdict> verdicts = attempts.inDefaultWorkspace(setting, names);

        assertThat(verdicts).containsOnlyKeys(names);
        assertThat(verdicts).allSatisfy((name, verdict) -> {
            if (setting.mode() == Mode.AGENT) {
                assertThat(verdict.why()).as(name).isEqualTo("it succeeded");
            } else if (!setting.concernsItsOwnKernelOnly(name)) {
                assertThat(verdict.denied()).as("%s: %s", name, verdict.why()).isTrue();
            }
        });
    }
}
