package dev.nucleus.escape;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.Requires;
import dev.nucleus.support.RunsConcurrently;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Runs {@link ReactingWorkload} for ten seconds; {@code ./mvnw -Pescape verify} runs it for two minutes. */
@Tag("isolation")
@RunsConcurrently
class ReactingWorkloadTest {

    private static final Duration SHORT = Duration.ofSeconds(10);

    @BeforeEach
    void requireRoot() {
        Requires.root();
    }

    @Test
    void aWorkloadThatReactsToItsSupervisorNeverEscapes() throws Exception {
        long seed = Long.getLong("seed", System.nanoTime() % 1_000_000);
        System.out.println("reacting workload: seed " + seed);
        boolean gvisor = Files.isExecutable(Path.of("/usr/bin/runsc"));
        List<Confinement> confinements = Arrays.stream(Confinement.values())
                .filter(confinement -> gvisor || !confinement.isGvisor())
                .toList();

        ReactingWorkload.Report report = ReactingWorkload.run(SHORT, seed, confinements);

        assertThat(report.faults()).as("-Dseed=%d: %s", seed, report.lines()).isEmpty();
    }
}
