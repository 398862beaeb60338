package dev.nucleus.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FleetFilesTest {

    @TempDir
    private Path folder;

    @Test
    void theFleetsThatComeWithNucleusHaveNoMistakes() {
        assertThat(FleetFiles.read(Path.of("config/fleets"))).isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"liveness", "readiness", "fleets", "ping", "db", "diskSpace", "ssl"})
    void namesThatHealthAlreadyHasAreRefused(String name) throws IOException {
        Path file = Files.writeString(folder.resolve("f.yaml"), "name: " + name + "\nservices: {w: {command: [/w]}}");

        assertThatThrownBy(() -> FleetFiles.read(file)).hasMessageContaining("can't be called '" + name + "'");
    }

    @Test
    void whatAModeRefusesIsAMistakeOfTheFile() throws IOException {
        Path file = Files.writeString(
                folder.resolve("f.yaml"), "name: shop\nmode: production\nservices:\n  w:\n    command: [/w]\n");

        assertThatThrownBy(() -> FleetFiles.read(file))
                .hasMessageContaining("f.yaml:5:5: service 'w': memory: production mode needs a limit")
                .hasMessageContaining("rootfs: production mode needs a root filesystem");
    }
}
