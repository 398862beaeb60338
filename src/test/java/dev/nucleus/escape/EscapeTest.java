package dev.nucleus.escape;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.Requires;
import dev.nucleus.support.RunsConcurrently;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** No attempt escapes, spies on the host or takes it down. {@code ./mvnw -Pescape verify} prints the table. */
@Tag("isolation")
@RunsConcurrently
class EscapeTest {

    private static final int AT_LEAST = 180;
    /** Attempts that must succeed without Nucleus: one that fails anyway proves nothing. */
    private static final int WORTH_SOMETHING = 100;

    @TempDir
    private static Path directory;

    @SharedManager
    private static TestManager manager;

    private static Attempts attempts;

    @BeforeAll
    static void start() throws Exception {
        attempts = new Attempts(manager, directory);
    }

    @ParameterizedTest
    @EnumSource(Setting.class)
    void everyAttemptFromInsideIsRefused(Setting setting) {
        setting.require();
        Map<String, Verdict> verdicts = attempts.inside(setting);

        assertThat(verdicts).hasSizeGreaterThanOrEqualTo(AT_LEAST);
        assertThat(verdicts)
                .allSatisfy((name, verdict) -> assertThat(verdict.denied() || setting.concernsItsOwnKernelOnly(name))
                        .as("%s: %s", name, verdict.why())
                        .isTrue());
    }

    @ParameterizedTest
    @EnumSource(Setting.class)
    void everyAbuseIsContained(Setting setting) throws Exception {
        setting.require();
        for (var abuse : new Abuses(manager, attempts).all().entrySet()) {
            Verdict verdict = abuse.getValue().attempt(setting);
            assertThat(verdict.denied())
                    .as("%s in %s: %s", abuse.getKey(), setting, verdict.why())
                    .isTrue();
        }
    }

    @Test
    void theHostsAbstractSocketsAreUnreachableEvenWithItsNetwork() throws Exception {
        Verdict verdict = new Abuses(manager, attempts).abstractSocketWithHostNetwork();

        assertThat(verdict.denied()).as(verdict.why()).isTrue();
    }

    @Test
    void withoutNucleusMostAttemptsSucceed() throws Exception {
        Requires.program("/usr/bin/bwrap", "bubblewrap");

        assertThat(attempts.without().values().stream()
                        .filter(verdict -> verdict.why().equals("it succeeded")))
                .hasSizeGreaterThanOrEqualTo(WORTH_SOMETHING);
    }
}
