package dev.nucleus.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NucleusPropertiesTest {

    @Test
    void rootUsesTheSystemDirectories() {
        assertThat(NucleusProperties.defaults("root", Path.of("/root"), Map.of("XDG_STATE_HOME", "/elsewhere")))
                .isEqualTo(new NucleusProperties.Defaults(Path.of("/var/lib/nucleus"), Path.of("/run/nucleus")));
    }

    @Test
    void otherUsersUseTheXdgDirectories() {
        assertThat(NucleusProperties.defaults(
                        "ann", Path.of("/home/ann"), Map.of("XDG_STATE_HOME", "/s", "XDG_RUNTIME_DIR", "/run/user/7")))
                .isEqualTo(new NucleusProperties.Defaults(Path.of("/s/nucleus"), Path.of("/run/user/7/nucleus")));
        assertThat(NucleusProperties.defaults("ann", Path.of("/home/ann"), Map.of()))
                .isEqualTo(new NucleusProperties.Defaults(
                        Path.of("/home/ann/.local/state/nucleus"), Path.of("/home/ann/.local/state/nucleus/run")));
    }

    @Test
    void privateDirectoriesAreOpenToTheOwnerOnlyAndNoLinks(@TempDir Path folder) throws IOException {
        Path made = PrivateDirectories.create(folder.resolve("a/b"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), made);

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(made)))
                .isEqualTo("rwx------");
        assertThatThrownBy(() -> PrivateDirectories.create(link)).isInstanceOf(FileAlreadyExistsException.class);
    }
}
