package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.spec.User;
import dev.nucleus.spec.UserNamespace;
import dev.nucleus.spec.UserNamespace.IdRange;
import dev.nucleus.spec.VolumeMount;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** User namespaces under a manager that is root: users of a container have no rights on the host. */
@Tag("isolation")
class UserNamespaceTest {

    private static final String HOSTS = "4294967295";

    @TempDir
    private static Path files;

    @SharedManager
    private static TestManager manager;

    static List<UserNamespace> kinds() {
        return List.of(
                new UserNamespace.Auto(),
                new UserNamespace.NoMap(),
                new UserNamespace.Explicit(
                        List.of(new IdRange(0, 300_000, 65_536)), List.of(new IdRange(0, 400_000, 65_536))));
    }

    private static ContainerSpec.Builder shell(UserNamespace kind, String command) {
        ContainerSpec.Builder spec = ContainerSpec.builder(Mode.AGENT, List.of("/bin/sh", "-c", command))
                .userNamespace(kind);
        return kind instanceof UserNamespace.Explicit ? spec.user(Optional.of(User.parse("1000:1000"))) : spec;
    }

    private static Container launch(ContainerSpec spec) {
        return manager.containers().launch(LaunchOrder.detached(spec));
    }

    private static void end(Container container) {
        manager.containers().stop(container, new StopSpec(Signal.KILL, Duration.ZERO));
        manager.containers().remove(container);
    }

    private static List<String> status(Container container, String field) throws IOException {
        int pid = container.whileRunning().orElseThrow().pid();
        return Files.readAllLines(Path.of("/proc", Integer.toString(pid), "status")).stream()
                .filter(line -> line.startsWith(field + ":"))
                .map(line -> line.substring(field.length() + 1).strip())
                .toList();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void pid1IsUnprivilegedOnTheHost(UserNamespace kind) throws IOException {
        Container container = launch(shell(kind, "exec sleep 1000").build());

        String outside = status(container, "Uid").getFirst().split("\\s+")[0];
        assertThat(Long.parseLong(outside)).isGreaterThan(100_000);
        assertThat(status(container, "CapEff")).containsExactly("0000000000000000");
        assertThat(status(container, "CapBnd")).containsExactly("0000000000000000");
        var inside = container.shim().capture(List.of("cat", "/proc/self/uid_map"), Duration.ofSeconds(5));
        assertThat(inside.output()).isNotBlank().doesNotContain(HOSTS);
        end(container);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void ordinaryOperationsWorkInAUserNamespace(UserNamespace kind) {
        var output = manager.run(shell(
                        kind,
                        "set -e; echo x >/tmp/x; cat /tmp/x; echo y >$HOME/y; head -c1 /dev/urandom >/dev/null;"
                                + " echo z >/dev/null; test ! -w /etc/passwd; test -r /usr/bin/env; ls -ld / | cut -c1-10;"
                                + " echo err >/dev/stderr; cat /proc/1/comm")
                .build());

        assertThat(output.err()).isEqualTo("err\n");
        assertThat(output.out()).isEqualTo("x\ndrwxr-xr-x\nnucleus-init\n");
        assertThat(output.code()).isZero();
    }

    @Test
    void rootInsideIsUnprivilegedOnTheHost() throws IOException {
        Path secret = Files.writeString(files.resolve("secret"), "host");
        Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
        var output = manager.run(shell(new UserNamespace.Auto(), "id -u; cat /proc/self/uid_map; cat /etc/shadow 2>&1")
                .user(Optional.of(User.parse("0:0")))
                .build());

        assertThat(output.out()).startsWith("0\n");
        assertThat(output.out().lines().skip(1).findFirst().orElseThrow().strip())
                .matches("0\\s+2[01]\\d{8}\\s+65536");
        assertThat(output.code()).isNotZero();
    }

    /** Files on disk have the same owner with and without a user namespace. */
    @Test
    void aVolumeKeepsItsOwnersWithAndWithoutAUserNamespace() throws IOException {
        Path volume = Files.createDirectory(files.resolve("volume"));
        Files.setAttribute(volume, "unix:uid", 70);
        Files.setAttribute(volume, "unix:gid", 70);
        var mounts = List.of(new VolumeMount(volume.toString(), "/data", false));
        ContainerSpec.Builder spec = shell(
                        new UserNamespace.Auto(), "stat -c %u:%g /data; echo mine >/data/f; stat -c %u:%g /data/f")
                .user(Optional.of(User.parse("70:70")))
                .volumes(mounts);

        var mapped = manager.run(spec.build());
        var plain = manager.run(spec.userNamespace(UserNamespace.NONE)
                .command(List.of("/bin/sh", "-c", "cat /data/f; echo again >>/data/f"))
                .build());

        assertThat(mapped.out()).isEqualTo("70:70\n70:70\n");
        assertThat(Files.getAttribute(volume.resolve("f"), "unix:uid")).isEqualTo(70);
        assertThat(plain.out()).isEqualTo("mine\n");
        assertThat(plain.code()).isZero();
    }

    @Test
    void twoContainersNeverShareARange() throws IOException {
        Container one = launch(shell(new UserNamespace.Auto(), "exec sleep 1000")
                .user(Optional.of(User.parse("5:5")))
                .build());
        Container other = launch(shell(new UserNamespace.Auto(), "exec sleep 1000")
                .user(Optional.of(User.parse("5:5")))
                .build());

        assertThat(status(one, "Uid")).isNotEqualTo(status(other, "Uid"));
        end(one);
        end(other);
    }

    @Test
    void strictAgentModeHasAUserNamespaceByDefault() {
        var output = manager.run(
                ContainerSpec.of(Mode.STRICT_AGENT, List.of("/bin/sh", "-c", "head -1 /proc/self/uid_map")));

        assertThat(output.out().strip()).doesNotContain("4294967295").startsWith("0");
    }

    @Test
    void anUnmappedUserIsRefusedBeforeAnythingStarts() {
        ContainerSpec spec = shell(kinds().getLast(), "true")
                .user(Optional.of(User.parse("70000:5")))
                .build();

        assertThatThrownBy(() -> manager.run(spec))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessageContaining("user 70000 is in none of the ranges");
        assertThatThrownBy(() ->
                        manager.run(shell(new UserNamespace.KeepId(), "true").build()))
                .hasMessageContaining("keep-id needs a manager without root");
    }
}
