package dev.nucleus.stress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.support.Requires;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A few seconds of the ten minutes that {@code -Pstress} takes. */
@Tag("isolation")
class StressTest {

    @BeforeAll
    static void root() {
        Requires.root();
    }

    @Test
    void nothingIsLostOrLeftBehindAndNoCommandHangsUnderLoad() throws Exception {
        long seed = System.nanoTime();
        Stress.Report report = Stress.run(Duration.ofSeconds(15), seed);

        assertThat(report.faults())
                .as("seed %d: %s", seed, String.join("\n", report.lines()))
                .isEmpty();
    }
}
