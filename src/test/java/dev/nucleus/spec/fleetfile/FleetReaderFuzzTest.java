package dev.nucleus.spec.fleetfile;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;

/**
 * Fleet files are written by hand, and some by agents: no text may break the reader. Without {@code JAZZER_FUZZ=1}
 * the seeds beside this class run as a regression test.
 */
class FleetReaderFuzzTest {

    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    @FuzzTest(maxDuration = "5m")
    void everyTextIsAFleetOrAListOfMistakes(byte[] bytes) {
        try {
            FleetReader.readText(
                    Path.of("/fuzz.yaml"), new String(bytes, StandardCharsets.UTF_8), FleetReader.Checks.NONE);
        } catch (InvalidFleetException e) {
            if (e.problems().isEmpty()) {
                throw new AssertionError("refused without a reason", e);
            }
        }
    }
}
