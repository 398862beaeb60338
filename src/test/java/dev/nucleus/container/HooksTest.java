package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.shim.LaunchException;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Cpus;
import dev.nucleus.spec.InvalidSpecException;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Runtime;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.spec.UserNamespace;
import dev.nucleus.support.Requires;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.util.FileSystemUtils;

/** Hooks: programs of the administrator that run at points of a container's lifecycle. */
@Tag("isolation")
@ExtendWith(OutputCaptureExtension.class)
class HooksTest {

    private static final StopSpec AT_ONCE = new StopSpec(Signal.KILL, Duration.ZERO);

    private final List<String> settings = new ArrayList<>();
    private Path directory;

    /** Not below /tmp, which is world-writable. */
    @BeforeEach
    void makeDirectory() throws IOException {
        Requires.root();
        directory = Files.createTempDirectory(Path.of("/run"), "nucleus-test-");
    }

    @AfterEach
    void removeDirectory() throws IOException {
        FileSystemUtils.deleteRecursively(directory);
    }

    private Path hook(String phase, String script, String... more) throws IOException {
        int index = (int)
                settings.stream().filter(text -> text.contains("].phase=")).count();
        Path program = Files.writeString(directory.resolve("hook-" + index), "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        String prefix = "--nucleus.hooks[" + index + "].";
        settings.add(prefix + "phase=" + phase);
        settings.add(prefix + "path=" + program);
        settings.add(prefix + "args=" + directory);
        for (String setting : more) {
            settings.add(prefix + setting);
        }
        return program;
    }

    private static ContainerSpec.Builder sleeper(Mode mode) {
        return ContainerSpec.builder(mode, List.of("/bin/sleep", "1000"))
                .memory(Optional.of(MemorySize.parse("256M")))
                .cpus(Optional.of(new Cpus(1)));
    }

    private String contentOf(String file) throws IOException {
        return Files.readString(directory.resolve(file)).strip();
    }

    @ParameterizedTest
    @CsvSource({"NATIVE, none", "NATIVE, auto", "GVISOR, none"})
    void hooksRunInOrderWithTheContainersStateOnStandardInput(Runtime runtime, String users) throws IOException {
        if (runtime == Runtime.GVISOR) {
            Requires.program("/usr/bin/runsc", "runsc");
        }
        hook("create-runtime", """
                cat > $1/created; pid=$(sed 's/.*"pid":\\([0-9]*\\).*/\\1/' $1/created)
                readlink /proc/$pid/ns/net > $1/network; readlink /proc/$pid/root > $1/root
                ls /proc/$pid/root/run > $1/run; id -u > $1/user; echo $A > $1/a""", "env.A=b c");
        hook("poststart", "cat > $1/started; cat /proc/$PPID/comm > $1/parent");
        hook(
                "poststop",
                "cat > $1/stopped; ls -d /sys/fs/cgroup/*/nucleus-$(sed 's/.*\"id\":\"\\([^\"]*\\).*/\\1/' $1/stopped) > $1/groups 2> $1/none; true");
        try (TestManager manager = TestManager.startWith(settings)) {
            Container container = manager.containers()
                    .launch(LaunchOrder.detached(
                            Optional.of("web-1"),
                            sleeper(Mode.AGENT)
                                    .runtime(Optional.of(runtime))
                                    .userNamespace(UserNamespace.parse(users))
                                    .build()));
            int pid = container.whileRunning().orElseThrow().pid();
            String head = "{\"ociVersion\":\"1.2.0\",\"id\":\"" + container.id() + "\",\"bundle\":\""
                    + container.directory() + "\",\"annotations\":{\"dev.nucleus.name\":\"web-1\"}";

            assertThat(contentOf("created")).isEqualTo(head + ",\"status\":\"creating\",\"pid\":" + pid + "}");
            assertThat(contentOf("network"))
                    .as("the container's network namespace exists already")
                    .startsWith("net:[")
                    .isNotEqualTo(
                            Files.readSymbolicLink(Path.of("/proc/self/ns/net")).toString());
            assertThat(contentOf("run"))
                    .as("the root is still the host's")
                    .contains(directory.getFileName().toString());
            assertThat(contentOf("user")).isEqualTo("0");
            assertThat(contentOf("a")).isEqualTo("b c");
            Awaitility.await()
                    .untilAsserted(() -> assertThat(contentOf("parent")).isEqualTo("nucleus-shim"));
            assertThat(contentOf("started")).isEqualTo(head + ",\"status\":\"running\",\"pid\":" + pid + "}");
            assertThat(directory.resolve("stopped")).doesNotExist();
            assertThat(container.statements().toString())
                    .contains("hook-0 run beside it on the host with the manager's rights, create-runtime");

            manager.containers().stop(container, AT_ONCE);
            Awaitility.await()
                    .untilAsserted(() -> assertThat(directory.resolve("none")).isNotEmptyFile());
            assertThat(contentOf("stopped")).isEqualTo(head + ",\"status\":\"stopped\"}");
            assertThat(contentOf("groups")).as("its cgroups are removed").isEmpty();
        }
    }

    @Test
    void aFailingCreateRuntimeHookEndsTheLaunchAndPoststopCleansUp() throws IOException {
        hook("create-runtime", "touch $1/made; echo first >&2; echo no address left >&2; exit 3");
        hook("create-runtime", "touch $1/second");
        hook("poststop", "rm $1/made; touch $1/taken-away");
        try (TestManager manager = TestManager.startWith(settings)) {
            assertThatThrownBy(() -> manager.containers()
                            .launch(LaunchOrder.detached(sleeper(Mode.AGENT).build())))
                    .isInstanceOf(LaunchException.class)
                    .hasMessageContaining("the create-runtime hook " + directory.resolve("hook-0")
                            + " exited with code 3: no address left");

            assertThat(directory.resolve("second")).doesNotExist();
            assertThat(directory.resolve("made")).doesNotExist();
            assertThat(directory.resolve("taken-away")).exists();
            assertThat(manager.containers().all()).isEmpty();
        }
    }

    @Test
    void aHangingHookIsKilledWithItsChildren() throws IOException {
        hook("create-runtime", "sleep 1000 & echo $! > $1/child; wait", "timeout=300ms");
        try (TestManager manager = TestManager.startWith(settings)) {
            assertThatThrownBy(() -> manager.containers()
                            .launch(LaunchOrder.detached(sleeper(Mode.AGENT).build())))
                    .hasMessageContaining("was killed after its time limit of 300 ms");
            Awaitility.await()
                    .until(() ->
                            ProcessHandle.of(Long.parseLong(contentOf("child"))).isEmpty());
        }
    }

    @Test
    void aFailingPoststartOrPoststopHookIsOnlyLogged(CapturedOutput log) throws IOException {
        hook("poststart", "echo can not register >&2; kill -9 $$");
        hook("poststart", "touch $1/second");
        hook("poststop", "exit 7");
        try (TestManager manager = TestManager.startWith(settings)) {
            Container container = manager.containers()
                    .launch(LaunchOrder.detached(
                            Optional.of("lucky"), sleeper(Mode.AGENT).build()));
            Awaitility.await().until(() -> Files.exists(directory.resolve("second")));
            assertThat(container.isRunning()).isTrue();
            manager.containers().stop(container, AT_ONCE);

            Awaitility.await()
                    .until(() -> log.getAll()
                            .contains("'lucky': the poststop hook " + directory.resolve("hook-2")
                                    + " exited with code 7"));
            assertThat(log)
                    .contains("'lucky': the poststart hook " + directory.resolve("hook-0") + " was killed by signal 9");
        }
    }

    @Test
    void aClientDoesNotWaitForPoststopHooks() throws IOException {
        hook("poststop", "read line < $1/go");
        assertThat(run("mkfifo", directory.resolve("go").toString())).isZero();
        try (TestManager manager = TestManager.startWith(settings)) {
            Instant begin = Instant.now();
            assertThat(manager.run(ContainerSpec.of(Mode.AGENT, List.of("/bin/true")))
                            .code())
                    .isZero();
            assertThat(Duration.between(begin, Instant.now())).isLessThan(Duration.ofSeconds(5));
            Files.writeString(directory.resolve("go"), "on\n");
        }
    }

    private static int run(String... command) throws IOException {
        try {
            return new ProcessBuilder(command).inheritIO().start().waitFor();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aHookRunsOnlyForContainersWithMatchingNames() throws IOException {
        hook("create-runtime", "exit 1", "containers=shop/*");
        try (TestManager manager = TestManager.startWith(settings)) {
            assertThat(manager.run(ContainerSpec.of(Mode.AGENT, List.of("/bin/true")))
                            .code())
                    .isZero();
            assertThatThrownBy(() -> manager.containers()
                            .launch(LaunchOrder.detached(
                                    Optional.of("shop/web-1"),
                                    sleeper(Mode.AGENT).build())))
                    .hasMessageContaining("hook-0 exited with code 1")
                    .hasMessageNotContaining("ECANCELED");
        }
    }

    private Path link(String name, Path target) throws IOException {
        return Files.createSymbolicLink(directory.resolve(name), target);
    }

    /** Its owner could point it at another program between launch and exit, which root would then run. */
    @Test
    void anIntermediateLinkOfAnotherUserIsRefusedAtStartup() throws IOException {
        Path program = hook("poststop", "touch $1/ran");
        Path theirs = Files.createDirectory(directory.resolve("theirs"));
        Path between = Files.createSymbolicLink(theirs.resolve("current"), program);
        Files.setAttribute(between, "unix:uid", 1000, LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(theirs, "unix:uid", 1000);
        Path configured = link("configured", between);
        settings.replaceAll(setting ->
                setting.startsWith("--nucleus.hooks[0].path=") ? "--nucleus.hooks[0].path=" + configured : setting);

        assertThatThrownBy(() -> TestManager.startWith(settings))
                .rootCause()
                .hasMessageStartingWith("nucleus.hooks[0].path: " + theirs + ": belongs to user 1000");
    }

    @Test
    void aHookRunsTheProgramThatItsLinkPointedToAtLaunch() throws IOException {
        Path first = hook("poststop", "echo $0 > $1/ran");
        Path second = Files.copy(first, directory.resolve("second"), StandardCopyOption.COPY_ATTRIBUTES);
        Path configured = link("configured", first);
        settings.replaceAll(setting ->
                setting.startsWith("--nucleus.hooks[0].path=") ? "--nucleus.hooks[0].path=" + configured : setting);
        try (TestManager manager = TestManager.startWith(settings)) {
            Container container = manager.containers()
                    .launch(LaunchOrder.detached(sleeper(Mode.AGENT).build()));
            Files.delete(configured);
            link("configured", second);
            manager.containers().stop(container, AT_ONCE);

            Awaitility.await()
                    .untilAsserted(() -> assertThat(directory.resolve("ran")).isNotEmptyFile());
            assertThat(contentOf("ran"))
                    .as("$0 of a script is the path that was executed")
                    .isEqualTo(first.toString());
        }
    }

    @Test
    void aHookThatOthersCouldHaveModifiedIsRefused() throws IOException {
        Path program = hook("create-runtime", "touch $1/ran");
        try (TestManager manager = TestManager.startWith(settings)) {
            Files.setAttribute(program, "unix:uid", 1000);
            assertThatThrownBy(() -> manager.run(ContainerSpec.of(Mode.AGENT, List.of("/bin/true"))))
                    .isInstanceOf(InvalidSpecException.class)
                    .hasMessageStartingWith("nucleus.hooks[0].path: " + program + ": belongs to user 1000");
            Files.setAttribute(program, "unix:uid", 0);
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
            assertThatThrownBy(() -> manager.run(ContainerSpec.of(Mode.AGENT, List.of("/bin/true"))))
                    .hasMessageStartingWith("nucleus.hooks[0].path: " + directory + ": may be written to by others");
        }
        assertThatThrownBy(() -> TestManager.startWith(settings))
                .rootCause()
                .hasMessageStartingWith("nucleus.hooks[0].path: " + directory + ": may be written to by others");
        assertThat(directory.resolve("ran")).doesNotExist();
    }
}
