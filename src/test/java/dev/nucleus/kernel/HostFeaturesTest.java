package dev.nucleus.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostFeaturesTest {

    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource({
        "[none] integrity confidentiality, none",
        "none [integrity] confidentiality, integrity",
        "none integrity [confidentiality], confidentiality",
        "'', none"
    })
    void theBracketedWordIsTheLockdownMode(String text, String expected) throws IOException {
        Path file = Files.writeString(directory.resolve("lockdown"), text);

        assertThat(HostFeatures.lockdown(file)).isEqualTo(expected);
    }

    @Test
    void aKernelWithoutALockdownFileHasNone() {
        assertThat(HostFeatures.lockdown(directory.resolve("missing"))).isEqualTo("none");
    }
}
