package dev.nucleus.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** No mount may hide or replace the files and directories that Nucleus puts into every container. */
class MountTargetsTest {

    private static ContainerSpec.Builder spec() {
        return ContainerSpec.builder(Mode.AGENT, List.of("/bin/true"));
    }

    private static ContainerSpec.Builder volumes(String... targets) {
        return spec().volumes(List.of(targets).stream()
                .map(target -> new VolumeMount("/srv", target, false))
                .toList());
    }

    private static ContainerSpec.Builder tmpfs(String... targets) {
        return spec().tmpfs(List.of(targets).stream().map(TmpfsMount::parse).toList());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/proc",
                "/proc/self",
                "/proc/sys/kernel",
                "/sys",
                "/sys/fs/cgroup",
                "/dev",
                "/dev/null",
                "/dev/fd",
                "/dev/stdin",
                "/dev/pts",
                "/dev/shm",
                "/run",
                "/run/nucleus",
                "/run/nucleus/relay",
                "/run/secrets",
                "/run/secrets/x",
                "/.nucleus",
                "/.nucleus/init",
                "/.layers",
                "/.layers/x"
            })
    void aVolumeMayNotBeAtAboveOrBelowANucleusPath(String target) {
        assertThatThrownBy(() -> volumes(target).build())
                .isInstanceOf(InvalidSpecException.class)
                .hasMessageStartingWith("volumes: '/srv:" + target + "'")
                .hasMessageContaining("Nucleus' own");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/proc",
                "/proc/sys",
                "/sys",
                "/dev",
                "/dev/null",
                "/run/nucleus",
                "/run/secrets",
                "/run/secrets/x",
                "/.nucleus",
                "/.layers",
                "/home/agent"
            })
    void aTmpfsMayNotCoverANucleusPath(String target) {
        assertThatThrownBy(() -> tmpfs(target).build())
                .isInstanceOf(InvalidSpecException.class)
                .hasMessageStartingWith("tmpfs: ");
    }

    @Test
    void theRootIsNotAMountTarget() {
        assertThatThrownBy(() -> volumes("/")).isInstanceOf(InvalidSpecException.class);
        assertThatThrownBy(() -> tmpfs("/")).isInstanceOf(InvalidSpecException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/data",
                "/procedures",
                "/system",
                "/devices",
                "/running",
                "/run/db",
                "/run/nucleus-x",
                "/run/secrets.d",
                "/dev/log",
                "/dev/shm/x",
                "/dev/nullx",
                "/.nucleus-x",
                "/tmp",
                "/tmp/x",
                "/home/agent",
                "/home/agent/.m2",
                "/opt/data",
                "/etc/resolv.conf",
                "/workspace",
                "/workspace/x",
                "/context"
            })
    void aVolumeMayBeAnywhereElse(String target) {
        assertThat(volumes(target).build().filesystem().volumes()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/run", "/run/db", "/tmp", "/dev/shm", "/var/run", "/workspace"})
    void aTmpfsMayReplaceRunTmpAndSharedMemory(String target) {
        assertThat(tmpfs(target).build().filesystem().tmpfs()).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({"/workspace", "/workspace/node_modules", "/context", "/context/x"})
    void aVolumeMayNotBeInAWorkspaceOrContextThatIsInUse(String target) {
        var both = volumes(target)
                .workspace(Optional.of(new WorkspaceMount(Path.of("/w"), WorkspaceMount.Access.BIND_RW, false)))
                .context(Optional.of(new ContextMount(Path.of("/c"), ContextMount.Mode.COPY)));

        assertThatThrownBy(both::build).hasMessageStartingWith("volumes: '/srv:" + target + "'");
    }

    @Test
    void twoMountsMayNotShareATarget() {
        assertThatThrownBy(() -> volumes("/data", "/x", "/data").build())
                .isInstanceOf(InvalidSpecException.class)
                .hasMessage("volumes: '/srv:/data' has the same target as 'volumes: /srv:/data'; give each its own");
        assertThatThrownBy(() -> volumes("/data")
                        .tmpfs(List.of(TmpfsMount.parse("/data/")))
                        .build())
                .hasMessageStartingWith("tmpfs: '/data:64M' has the same target as 'volumes: ");
        assertThatThrownBy(() -> tmpfs("/x", "/x:1M").build()).hasMessageStartingWith("tmpfs: '/x:1M'");
        assertThatThrownBy(() -> spec().secrets(
                                List.of(new SecretMount("/a", "s", 0400), new SecretMount("/b", "s", 0400)))
                        .build())
                .hasMessage(
                        "secrets: '/b:/run/secrets/s' has the same target as 'secrets: /a:/run/secrets/s'; give each its own");
    }
}
