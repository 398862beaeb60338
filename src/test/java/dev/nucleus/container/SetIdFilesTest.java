package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.policy.SeccompProfiles;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Runtime;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.spec.User;
import dev.nucleus.spec.UserNamespace;
import dev.nucleus.spec.VolumeMount;
import dev.nucleus.spec.WorkspaceMount;
import dev.nucleus.support.Remains;
import dev.nucleus.support.Requires;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A container can't leave set-user-ID or set-group-ID files on the host: anyone who ran one that root inside owns would
 * gain root's rights there, or those of the container's ID range.
 */
@Tag("isolation")
class SetIdFilesTest {

    private static final StopSpec NOW = new StopSpec(Signal.KILL, Duration.ZERO);

    @SharedManager
    private static TestManager manager;

    private Path shared;

    @BeforeEach
    void makeDirectory() throws IOException {
        Requires.root();
        shared = Files.createTempDirectory("nucleus-test-");
        Files.setAttribute(shared, "unix:mode", 01777);
    }

    @AfterEach
    void removeDirectory() throws IOException {
        Remains.delete(shared);
    }

    /** Every system call that sets the mode of a file (x86-64 numbers), with each set-ID bit; prints their errnos. */
    private static final String EVERY_CALL = """
            chdir shift @ARGV or die "chdir: $!";
            sub call { my ($name, @words) = @_; my $r = syscall(shift @words, @words); print "$name @{[$r < 0 ? $!+0 : 'done']}\\n"; $r }
            open(my $file, '>', 'file') or die "file: $!"; my $fd = fileno($file);
            for my $bits (04000, 02000, 06000) {
              my $mode = $bits | 0755; my $n = sprintf('%o', $mode); my $at = -100;
              call("chmod", 90, "file", $mode);
              call("fchmod", 91, $fd, $mode);
              call("fchmodat", 268, $at, "file", $mode);
              call("fchmodat2", 452, $at, "file", $mode, 0);
              call("mkdir", 83, "mkdir$n", $mode);
              call("mkdirat", 258, $at, "mkdirat$n", $mode);
              call("mknod", 133, "mknod$n", 0100000 | $mode, 0);
              call("mknodat", 259, $at, "mknodat$n", 0100000 | $mode, 0);
              call("creat", 85, "creat$n", $mode);
              call("open", 2, "open$n", 0x41, $mode);
              call("openat", 257, $at, "openat$n", 0x41, $mode);
              my $nameless = call("O_TMPFILE", 257, $at, ".", 0x410002, $mode);
              call("linkat", 265, $at, "/proc/self/fd/$nameless", $at, "nameless$n", 0x400) if $nameless >= 0;
              call("openat2", 437, $at, "openat2$n", pack('QQQ', 0x41, $mode, 0), 24);
            }
            """;

    private static final String EVERYDAY = """
            chdir shift @ARGV or die "chdir: $!";
            sub call { my ($name, @words) = @_; my $r = syscall(shift @words, @words); print "$name $!\\n" if $r < 0; }
            umask 0;
            call("creat", 85, "a", 0640); call("chmod", 90, "a", 0755); call("mkdir", 83, "d", 01777);
            call("open", 2, "b", 0x41, 0644); call("openat", 257, -100, "c", 0x41, 0600);
            # Without O_CREAT there is no mode: what is in its place means nothing.
            call("open", 2, "a", 0, 07777); call("openat", 257, -100, "a", 0x80000, 07777);
            call("fchmodat", 268, -100, "d", 01755);
            print "worked\\n";
            """;

    static Stream<Arguments> kinds() {
        return Stream.of(
                Arguments.of("the host's root", Runtime.NATIVE, UserNamespace.NONE, Optional.of(User.parse("0:0"))),
                Arguments.of(
                        "root of a range", Runtime.NATIVE, new UserNamespace.Auto(), Optional.of(User.parse("0:0"))),
                Arguments.of("its own user", Runtime.NATIVE, UserNamespace.NONE, Optional.<User>empty()),
                Arguments.of("root of gVisor", Runtime.GVISOR, UserNamespace.NONE, Optional.of(User.parse("0:0"))));
    }

    private ContainerSpec.Builder spec(
            Runtime runtime, UserNamespace users, Optional<User> user, String target, String script) {
        if (runtime == Runtime.GVISOR) {
            Requires.program("/usr/bin/runsc", "runsc");
        }
        return ContainerSpec.builder(Mode.AGENT, List.of("/usr/bin/perl", "-e", script, target))
                .runtime(Optional.of(runtime))
                .userNamespace(users)
                .user(user)
                .memory(Optional.of(MemorySize.parse("256M")));
    }

    private List<String> setIdFiles() {
        try (Stream<Path> all = Files.walk(shared)) {
            return all.filter(path -> !path.equals(shared))
                    .filter(path -> (mode(path) & 06000) != 0)
                    .map(path -> shared.relativize(path) + " %o".formatted(mode(path)))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int mode(Path path) {
        try {
            return (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void assertRefused(TestManager.Output output) {
        assertThat(output.code()).as("%s", output).isZero();
        assertThat(output.out().lines())
                .hasSize(3 * 13)
                .allSatisfy(line -> assertThat(line).matches("[a-zA-Z0-9_]+ (1|38)"))
                .filteredOn(line -> !line.startsWith("openat2"))
                .allMatch(line -> line.endsWith(" 1") || line.startsWith("fchmodat2"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("kinds")
    void noSetIdFileIsLeftInAVolume(String name, Runtime runtime, UserNamespace users, Optional<User> user) {
        List<VolumeMount> volumes = List.of(new VolumeMount(shared.toString(), "/data", false));

        assertRefused(manager.run(
                spec(runtime, users, user, "/data", EVERY_CALL).volumes(volumes).build()));
        assertThat(setIdFiles()).isEmpty();

        TestManager.Output everyday = manager.run(
                spec(runtime, users, user, "/data", EVERYDAY).volumes(volumes).build());
        assertThat(everyday.out()).as("%s", everyday).isEqualTo("worked\n");
        assertThat(mode(shared.resolve("a")) & 07777).isEqualTo(0755);
        assertThat(mode(shared.resolve("d")) & 07777).isEqualTo(01755);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("kinds")
    void noSetIdFileIsLeftByAnExec(String name, Runtime runtime, UserNamespace users, Optional<User> user)
            throws IOException {
        Container container = manager.containers()
                .launch(LaunchOrder.detached(spec(runtime, users, user, "/data", "sleep 600")
                        .volumes(List.of(new VolumeMount(shared.toString(), "/data", false)))
                        .build()));
        try {
            var captured = container
                    .shim()
                    .capture(List.of("/usr/bin/perl", "-e", EVERY_CALL, "/data"), Duration.ofSeconds(30));

            assertThat(setIdFiles()).as(captured.output()).isEmpty();
            assertRefused(new TestManager.Output(captured.status().code(), captured.output(), ""));
        } finally {
            manager.containers().stop(container, NOW);
            manager.containers().remove(container);
        }
    }

    @ParameterizedTest
    @MethodSource("profiles")
    void noSetIdFileIsLeftUnderAnySeccompProfile(String profile) {
        assertRefused(manager.run(
                spec(Runtime.NATIVE, new UserNamespace.Auto(), Optional.of(User.parse("0:0")), "/data", EVERY_CALL)
                        .seccomp(profile)
                        .volumes(List.of(new VolumeMount(shared.toString(), "/data", false)))
                        .build()));
        assertThat(setIdFiles()).isEmpty();
    }

    static List<String> profiles() {
        return SeccompProfiles.names();
    }

    @Test
    void noSetIdFileIsLeftInAWorkspace() {
        for (WorkspaceMount.Access access : List.of(WorkspaceMount.Access.BIND_RW, WorkspaceMount.Access.COPY_IN_OUT)) {
            assertRefused(
                    manager.run(spec(Runtime.NATIVE, UserNamespace.NONE, Optional.empty(), "/workspace", EVERY_CALL)
                            .workspace(Optional.of(new WorkspaceMount(shared, access, false)))
                            .build()));
            assertThat(setIdFiles()).isEmpty();
        }
    }

    @Test
    void temporaryFilesMayHaveAnyMode() {
        TestManager.Output output =
                manager.run(spec(Runtime.NATIVE, UserNamespace.NONE, Optional.empty(), "/tmp", EVERY_CALL)
                        .build());

        assertThat(output.out()).contains("chmod done", "openat done", "mkdir done");
    }

    @Test
    void thePlanExplainsThatSetIdBitsAreDenied() {
        assertThat(manager.containers()
                        .plan(LaunchOrder.detached(
                                spec(Runtime.NATIVE, UserNamespace.NONE, Optional.empty(), "/data", EVERYDAY)
                                        .volumes(List.of(new VolumeMount(shared.toString(), "/data", false)))
                                        .build()))
                        .explain())
                .anyMatch(line -> line.contains("set the set-user-ID or set-group-ID bit of any file"));
    }
}
