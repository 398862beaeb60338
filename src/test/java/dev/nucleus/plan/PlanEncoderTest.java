package dev.nucleus.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.spec.Mode;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PlanEncoderTest {

    /** The same bytes are a seed of the fuzz target and the input of native/test/plan_test.c. */
    private static final Path GOLDEN = Path.of("native/fuzz/corpus/plan-1");

    private static final byte[] RECORD = {'{', '}'};

    private static LaunchPlan.Addresses addresses(String ipv4, int prefix4, String ipv6, int prefix6) {
        return new LaunchPlan.Addresses(
                Optional.of(new LaunchPlan.Addresses.Address(InetAddress.ofLiteral(ipv4), prefix4)),
                Optional.of(new LaunchPlan.Addresses.Address(InetAddress.ofLiteral(ipv6), prefix6)));
    }

    static LaunchPlan plan() {
        return new LaunchPlan.Builder(
                        "0123456789abcdef0123456789abcdef",
                        "shop/db-1",
                        Mode.PRODUCTION,
                        new LaunchPlan.Places(
                                "/var/lib/nucleus/containers/x",
                                "/run/nucleus/c/x",
                                "/run/nucleus/root",
                                List.of("/var/lib/nucleus", "/run/nucleus")))
                .hostname("db-1")
                .namespaces(0x6e020000)
                .ownClocks(true)
                .links(List.of(new LaunchPlan.Link(
                        "nuabc0012345678",
                        "eth0",
                        "shop/db-1",
                        1500,
                        new byte[] {2, 0, 10, 42, 0, 5},
                        addresses("10.42.0.5", 24, "fd42::5", 64),
                        addresses("10.42.0.1", 24, "fd42::1", 64),
                        true)))
                .init(false)
                .keepStdin(true)
                .held(true)
                .console(Optional.of(
                        new LaunchPlan.Console(new LaunchPlan.Terminal(24, 80), Optional.of("/run/console.sock"))))
                .mapIdentities(List.of(new LaunchPlan.IdMap(0, 1000, 1)), List.of(new LaunchPlan.IdMap(0, 1001, 2)))
                .denySetgroups(true)
                .mapPrograms("/usr/bin/newuidmap", "/usr/bin/newgidmap")
                .cgroup(new LaunchPlan.Cgroup(
                        true,
                        true,
                        "/sys/fs/cgroup/nucleus-x",
                        List.of("/sys/fs/cgroup/nucleus-x"),
                        List.of(new LaunchPlan.Cgroup.Write("/sys/fs/cgroup/nucleus-x/pids.max", "512")),
                        List.of("/sys/fs/cgroup/pids/nucleus-x/tasks"),
                        "/sys/fs/cgroup/freezer/nucleus-x",
                        new byte[] {(byte) 0x95, 0, 0, 0, 0, 0, 0, 0}))
                .rootfs(new LaunchPlan.Rootfs(
                        "size=1G,mode=755",
                        List.of(
                                new RootfsStep.Directory("/etc"),
                                new RootfsStep.File("/etc/hosts", "127.0.0.1 localhost\n"),
                                new RootfsStep.Symlink("/bin", "usr/bin"),
                                new RootfsStep.Bind("/usr", HostPath.own("/usr"), MountAttributes.SEALED, true),
                                new RootfsStep.Tmpfs("/tmp", "size=1M", MountAttributes.NO_SUID),
                                new RootfsStep.Proc("/proc", "hidepid=invisible", MountAttributes.NO_EXEC),
                                new RootfsStep.Device("/dev/null", 0666, 1, 3),
                                new RootfsStep.MaskFile("/proc/kcore"),
                                new RootfsStep.MaskDirectory("/proc/sys"),
                                new RootfsStep.Seal("/", MountAttributes.READ_ONLY),
                                new RootfsStep.Volume(
                                        "/data",
                                        HostPath.named("/srv/db").verified(65, 4711),
                                        MountAttributes.NO_DEV,
                                        0700,
                                        70,
                                        71,
                                        RootfsStep.Owners.MAPPED),
                                new RootfsStep.Secret("/run/secrets/key", HostPath.own("/etc/key"), 0400, 70, 71),
                                new RootfsStep.Self("/.nucleus/relay"),
                                new RootfsStep.Workspace(
                                        "/work", HostPath.named("/srv/work"), MountAttributes.NO_DEV, 70, 71),
                                new RootfsStep.Overlay("/usr", HostPath.own("/usr"), RootfsStep.Owners.HOST),
                                new RootfsStep.Detach("/usr"),
                                new RootfsStep.Devpts("/dev/pts", "mode=600", MountAttributes.NO_EXEC)),
                        true,
                        List.of("/tmp")))
                .identity(new LaunchPlan.Identity(70, 71, List.of(72, 73)))
                .capabilities(new LaunchPlan.Capabilities(1L << 10, 1L << 10, 1L << 10, 1L << 10))
                .rlimits(new LaunchPlan.Rlimits(true, List.of(new LaunchPlan.Rlimits.Rlimit("nofile", 7, 1024, 2048))))
                .landlock(new LaunchPlan.Landlock(
                        true,
                        0xffff,
                        3,
                        1,
                        2,
                        List.of(new LaunchPlan.Landlock.PathRule("/usr", 5, true)),
                        List.of(new LaunchPlan.Landlock.PortRule(8080, 1))))
                .seccomp(new LaunchPlan.Seccomp(
                        "none",
                        new byte[] {6, 0, 0, 0, 0, 0, (byte) 0xff, 0x7f},
                        LaunchPlan.Seccomp.Denied.REPORTED,
                        1))
                .command(new LaunchPlan.Command(
                        "/", List.of("postgres", "-D", "/data"), List.of("PATH=/usr/bin", "A=ü")))
                .gvisor(new LaunchPlan.Gvisor(
                        new byte[] {'{', '}'},
                        List.of("psql"),
                        new LaunchPlan.Identity(70, 71, List.of()),
                        "{\"user\":{}",
                        List.of("HOME=/root"),
                        Set.of(10),
                        List.of("runsc", "exec"),
                        List.of("runsc", "kill")))
                .notifySocket("/run/nucleus/c/x.notify")
                .hooks(new LaunchPlan.Hooks(
                        "{\"id\":\"x\"",
                        List.of(new LaunchPlan.Hook(
                                HookPhase.POSTSTOP,
                                "/usr/bin/hook",
                                66,
                                4712,
                                List.of("hook", "-v"),
                                List.of("PATH=/bin"),
                                Duration.ofSeconds(3)))))
                .build(new LaunchPlan.Log(1 << 20, 4, 1 << 24, true));
    }

    private static byte[] bytes(ByteBuffer buffer) {
        var bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    @Test
    void theEncodedPlanEqualsTheGoldenPlanOfTheNativeTests() throws IOException {
        byte[] encoded = bytes(PlanEncoder.encode(plan(), RECORD));
        if (Boolean.getBoolean("golden.write")) {
            Files.createDirectories(GOLDEN.getParent());
            Files.write(GOLDEN, encoded);
        }

        assertThat(encoded)
                .as("change native/src/launch/plan.c and PLAN_VERSION too, then regenerate it with -Dgolden.write=true")
                .isEqualTo(Files.readAllBytes(GOLDEN));
    }

    /** A step that is missing from the seed took the fuzzer minutes to discover. */
    @Test
    void theSeedHasEveryKindOfStep() {
        assertThat(plan().rootfs().steps())
                .extracting(Object::getClass)
                .contains(RootfsStep.class.getPermittedSubclasses());
    }

    @Test
    void equalPlansHaveEqualBytes() {
        assertThat(bytes(PlanEncoder.encode(plan(), RECORD))).isEqualTo(bytes(PlanEncoder.encode(plan(), RECORD)));
    }

    @Test
    void aStringWithANulIsRefusedNotTruncated() {
        assertThatThrownBy(() -> new WireWriter(8).string("a\0b")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void theWriterGrows() {
        var wire = new WireWriter(1);
        for (int i = 0; i < 1000; i++) {
            wire.u64(i);
        }

        assertThat(wire.finish().remaining()).isEqualTo(8000);
    }

    @Test
    void aPartThatNoLayerContributedIsNamed() {
        var builder = new LaunchPlan.Builder("x", "x", Mode.AGENT, new LaunchPlan.Places("/d", "/s", "/r", List.of()));

        assertThatThrownBy(() -> builder.build(new LaunchPlan.Log(1, 1, 0, false)))
                .hasMessage("cgroup");
    }
}
