package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.shim.LaunchException;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.SecretMount;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.spec.UserNamespace;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Secrets are available only to the workload, and only in memory. */
@Tag("isolation")
class SecretsTest {

    @TempDir
    private static Path files;

    @SharedManager
    private static TestManager manager;

    static Stream<UserNamespace> kinds() {
        return Stream.of(UserNamespace.NONE, new UserNamespace.Auto(), new UserNamespace.NoMap());
    }

    private static Path secret(String content) throws IOException {
        Path file = Files.createTempFile(
                files, "key", "", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        return Files.writeString(file, content);
    }

    private static ContainerSpec.Builder shell(String command) {
        return ContainerSpec.builder(Mode.AGENT, List.of("/bin/sh", "-c", command));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void theWorkloadCanReadItsSecretButNotChangeIt(UserNamespace kind) throws IOException {
        String content = "s3cret".repeat(2_000);
        var output = manager.run(shell("cat /run/secrets/key; stat -c ' %a %F' /run/secrets/key;"
                        + " grep -o 'secrets tmpfs [a-z,]*' /proc/self/mounts;"
                        + " echo x >/run/secrets/key || echo x >/run/secrets/other || rm /run/secrets/key || echo kept")
                .userNamespace(kind)
                .secrets(List.of(new SecretMount(secret(content).toString(), "key", SecretMount.DEFAULT_MODE)))
                .build());

        assertThat(output.out())
                .isEqualTo(content + " 400 regular file\nsecrets tmpfs ro,nosuid,nodev,noexec,relatime,size\nkept\n");
    }

    /** Since Linux 6.4, outside user namespaces (tmpfs(5)); elsewhere a launch continues without noswap. */
    @Test
    void secretsAreNeverSwapped() throws IOException {
        var output = manager.run(shell("grep ' /run/secrets ' /proc/self/mounts")
                .secrets(List.of(new SecretMount(secret("word").toString(), "key", 0400)))
                .build());

        assertThat(output.out().strip().split("[ ,]")).contains("noswap", "noexec", "ro");
    }

    @Test
    void noRecordOfTheContainerContainsTheSecret() throws IOException {
        String content = "n0where-to-be-found";
        Container container = manager.containers()
                .launch(LaunchOrder.detached(shell("exec sleep 1000")
                        .secrets(List.of(new SecretMount(secret(content).toString(), "key", 0400)))
                        .build()));

        container.described().join();
        try (Stream<Path> records = Files.walk(manager.state())) {
            for (Path file : records.filter(Files::isRegularFile).toList()) {
                assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
                        .as("%s", file)
                        .doesNotContain(content);
            }
        }
        manager.containers().stop(container, StopSpec.DEFAULT);
        manager.containers().remove(container);
    }

    @Test
    void aLinkAMissingFileOrADirectoryIsNotAcceptedAsASecret() throws IOException {
        Path link = Files.createSymbolicLink(files.resolve("link"), Path.of("/etc/shadow"));
        for (Path source : List.of(link, files.resolve("missing"), files)) {
            assertThatThrownBy(() -> manager.run(shell("true")
                            .secrets(List.of(new SecretMount(source.toString(), "key", 0400)))
                            .build()))
                    .isInstanceOf(LaunchException.class)
                    .hasMessageContaining("copy secret /run/secrets/key");
        }
        assertThatThrownBy(() -> new SecretMount("/x", "/etc/passwd", 0400)).isInstanceOf(InvalidSpecException.class);
        assertThatThrownBy(() -> new SecretMount("/x", "../x", 0400)).isInstanceOf(InvalidSpecException.class);
        assertThatThrownBy(() -> new SecretMount("/x", "key", 0666)).isInstanceOf(InvalidSpecException.class);
    }
}
