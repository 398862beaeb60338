package dev.nucleus.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.Requires;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A few of the hundred kills of {@code -Pkills}. */
@Tag("isolation")
class ManagerKillsTest {

    @BeforeAll
    static void root() {
        Requires.root();
    }

    @Test
    void theNextManagerBringsEachContainerToItsSpecifiedState() throws Exception {
        long seed = System.nanoTime();
        ManagerKills.Report report = ManagerKills.run(6, new Random(seed));

        assertThat(report.faults())
                .as("seed %d: %s", seed, String.join("\n", report.lines()))
                .isEmpty();
    }
}
