package dev.nucleus.preparation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.kernel.CgroupHierarchies;
import dev.nucleus.kernel.HostFeatures;
import dev.nucleus.kernel.Identity;
import dev.nucleus.plan.LaunchPlan;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Runtime;
import dev.nucleus.spec.Trust;
import dev.nucleus.spec.User;
import dev.nucleus.spec.UserNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is read and reserved for a launch. */
class PreparationTest {

    private static final HostFeatures ROOT = host(0);

    private static HostFeatures host(int uid) {
        return new HostFeatures(
                "6.18",
                new Identity(uid, uid),
                7,
                new CgroupHierarchies(Optional.empty(), Set.of(), Map.of()),
                "integrity");
    }

    private static ContainerSpec agent() {
        return ContainerSpec.of(Mode.AGENT, List.of("/bin/true"));
    }

    private static PreparedLaunch prepare(ContainerSpec spec) {
        return Preparations.of(ROOT, Optional.empty()).prepare(Preparations.request("a", spec));
    }

    @Test
    void withoutGvisorUntrustedCodeRunsOnlyIfDegradedIsAllowed() {
        ContainerSpec.Builder untrusted = agent().change().trust(Optional.of(Trust.UNTRUSTED));

        assertThatThrownBy(() -> prepare(untrusted.build()))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("apt-get install runsc");
        ContainerSpec degraded = untrusted.allowDegraded(true).build();
        assertThat(prepare(degraded).usesGvisor()).isFalse();
        assertThatThrownBy(() ->
                        prepare(untrusted.runtime(Optional.of(Runtime.GVISOR)).build()))
                .as("gVisor requested by name has no fallback")
                .isInstanceOf(UnsupportedLayerException.class);
    }

    @Test
    void aRunscThatOthersMayWriteToIsNotTrusted(@TempDir Path directory) throws IOException {
        Path program = Files.createFile(directory.resolve("runsc"));
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxrwxrwx"));

        assertThat(Gvisor.trusted(program)).isEmpty();
        assertThat(Gvisor.trusted(directory.resolve("absent"))).isEmpty();
        assertThat(Gvisor.trusted(Path.of("/bin/env"))).as("the resolved path").contains(Path.of("/usr/bin/env"));
    }

    @Test
    void usersOfARootfsAreLookedUpInIt(@TempDir Path rootfs) throws IOException {
        Files.createDirectories(rootfs.resolve("etc"));
        Files.writeString(rootfs.resolve("etc/passwd"), "postgres:x:70:71::/var/lib/postgresql:/bin/sh\n");
        Files.writeString(rootfs.resolve("etc/group"), "ssl:x:99:\n");
        ContainerSpec.Builder spec = agent().change().rootfs(Optional.of(rootfs));

        assertThat(prepare(spec.user(Optional.of(new User("postgres", Optional.empty(), List.of("ssl"))))
                                .build())
                        .identity())
                .isEqualTo(new LaunchPlan.Identity(70, 71, List.of(99)));
        assertThatThrownBy(() ->
                        prepare(spec.user(Optional.of(User.parse("nosuch"))).build()))
                .isInstanceOf(InvalidSpecException.class)
                .hasMessageContaining("write uid:gid instead");
    }

    @Test
    void onlyALaunchReservesARangeOfUserIds() {
        var ranges = new IdRanges();
        Preparation preparation = Preparations.of(ROOT, Optional.empty(), ranges);
        LaunchRequest request = Preparations.request(
                "a", agent().change().userNamespace(new UserNamespace.Auto()).build());

        int previewed = range(preparation.preview(request));
        assertThat(range(preparation.preview(request)))
                .as("a preview reserves nothing")
                .isEqualTo(previewed);
        int prepared = range(preparation.prepare(request));
        assertThat(prepared).isEqualTo(previewed);
        assertThat(range(preparation.preview(request)))
                .as("the range for another container of this name")
                .isNotEqualTo(prepared);
        assertThat(range(preparation.prepare(request)))
                .as("the same container keeps its range")
                .isEqualTo(prepared);

        ranges.release(request.id());

        assertThat(range(preparation.preview(request))).isEqualTo(previewed);
    }

    @Test
    void onlyAContainerWithAutomaticUserIdsGetsARange() {
        assertThat(prepare(agent()).userIds().range()).isEmpty();
        assertThat(prepare(agent().change()
                                .userNamespace(new UserNamespace.NoMap())
                                .build())
                        .userIds()
                        .range())
                .isEmpty();
        assertThat(Preparations.of(host(1000), Optional.empty())
                        .prepare(Preparations.request(
                                "a",
                                agent().change()
                                        .userNamespace(new UserNamespace.Auto())
                                        .build()))
                        .userIds()
                        .range())
                .as("without root, /etc/subuid determines the user IDs")
                .isEmpty();
    }

    private static int range(PreparedLaunch launch) {
        return launch.userIds().range().orElseThrow();
    }
}
