package dev.nucleus.escape;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.container.Container;
import dev.nucleus.container.LaunchOrder;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.support.Remains;
import dev.nucleus.support.Requires;
import dev.nucleus.support.TestManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A hook runs as root, long after it was checked: either the checked program runs, or none. */
@Tag("isolation")
class HookSwapTest {

    private static final int SOMEBODY = 4242;
    private static final StopSpec AT_ONCE = new StopSpec(Signal.KILL, Duration.ZERO);

    /** Owned by root, and not below /tmp, which is world-writable. */
    private Path directory;
    /** A directory in it that belongs to another user. */
    private Path theirs;

    @BeforeEach
    void makeDirectories() throws IOException {
        Requires.root();
        directory = Files.createTempDirectory(Path.of("/run"), "nucleus-test-");
        Files.setAttribute(directory, "unix:mode", 0755);
        theirs = chown(Files.createDirectory(directory.resolve("theirs")));
        program(directory.resolve("good"), "good");
        chown(program(theirs.resolve("evil"), "evil"));
        program(directory.resolve("last"), "last");
    }

    @AfterEach
    void removeDirectories() throws IOException {
        Remains.delete(directory);
    }

    private static Path chown(Path path) throws IOException {
        Files.setAttribute(path, "unix:uid", SOMEBODY, LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(path, "unix:gid", SOMEBODY, LinkOption.NOFOLLOW_LINKS);
        return path;
    }

    /** Writes a program that creates a file when it runs. */
    private Path program(Path place, String mark) throws IOException {
        Files.writeString(place, "#!/bin/sh\ntouch " + directory.resolve("ran-" + mark) + "\n");
        Files.setAttribute(place, "unix:mode", 0755);
        return place;
    }

    private boolean ran(String mark) {
        return Files.exists(directory.resolve("ran-" + mark));
    }

    private List<String> settings(String phase, Path hook) {
        var settings = new ArrayList<String>();
        List<Path> programs = List.of(hook, directory.resolve("last"));
        for (int i = 0; i < programs.size(); i++) {
            settings.add("--nucleus.hooks[" + i + "].phase=" + (i == 0 ? phase : "poststop"));
            settings.add("--nucleus.hooks[" + i + "].path=" + programs.get(i));
        }
        return settings;
    }

    private static Container launch(TestManager manager) {
        return manager.containers()
                .launch(LaunchOrder.detached(ContainerSpec.builder(Mode.AGENT, List.of("/bin/sleep", "1000"))
                        .build()));
    }

    private void stop(TestManager manager, Container container) {
        manager.containers().stop(container, AT_ONCE);
        Awaitility.await("the last hook has run").until(() -> ran("last"));
    }

    /** A link of root's leads to a program of root's through a link of another user's. */
    @ParameterizedTest
    @ValueSource(strings = {"create-runtime", "poststart", "poststop"})
    void anIntermediateLinkOfAnotherUserIsRefused(String phase) throws IOException {
        Files.createSymbolicLink(theirs.resolve("link"), directory.resolve("good"));
        chown(theirs.resolve("link"));
        Path hook = Files.createSymbolicLink(directory.resolve("hook"), theirs.resolve("link"));

        assertThatThrownBy(() -> TestManager.startWith(settings(phase, hook)).close())
                .rootCause()
                .hasMessageContaining("nucleus.hooks[0].path")
                .hasMessageContaining(theirs.toString());
    }

    /** Also if the link stands for a directory of the path. */
    @Test
    void aDirectoryThatIsALinkOfAnotherUserIsRefused() throws IOException {
        Path good = Files.createDirectory(directory.resolve("programs"));
        program(good.resolve("hook"), "good");
        chown(Files.createSymbolicLink(theirs.resolve("link"), good));
        Files.createSymbolicLink(directory.resolve("way"), theirs.resolve("link"));

        assertThatThrownBy(() -> TestManager.startWith(settings("poststop", directory.resolve("way/hook")))
                        .close())
                .rootCause()
                .hasMessageContaining(theirs.toString());
    }

    /** The link is replaced while the manager runs, before a launch. */
    @Test
    void aLinkRedirectedThroughAnotherUsersIsRefusedAtTheNextLaunch() throws IOException {
        Path middle = Files.createSymbolicLink(directory.resolve("middle"), directory.resolve("good"));
        Path hook = Files.createSymbolicLink(directory.resolve("hook"), middle);
        try (TestManager manager = TestManager.startWith(settings("poststop", hook))) {
            Files.delete(middle);
            Files.createSymbolicLink(middle, theirs.resolve("link"));
            chown(Files.createSymbolicLink(theirs.resolve("link"), directory.resolve("good")));

            assertThatThrownBy(() -> launch(manager)).hasMessageContaining(theirs.toString());
        }
        assertThat(ran("good")).isFalse();
    }

    /** The interpreter is what the kernel actually executes. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aHookRunsOnlyIfItsInterpreterIsUnchanged(boolean replaced) throws IOException {
        Path shell = Files.createSymbolicLink(directory.resolve("sh"), Path.of("/bin/sh"));
        Path hook = program(directory.resolve("hook"), "good");
        Files.writeString(hook, Files.readString(hook).replace("/bin/sh", shell.toString()));
        try (TestManager manager = TestManager.startWith(settings("poststop", hook))) {
            Container container = launch(manager);
            if (replaced) {
                Files.delete(shell);
                Files.createSymbolicLink(shell, theirs.resolve("evil"));
            }
            stop(manager, container);
        }
        assertThat(ran("good")).isEqualTo(!replaced);
        assertThat(ran("evil")).isFalse();
    }

    /** The container is launched before the link is changed. */
    @Test
    void aLinkChangedAfterTheLaunchRunsNoOtherProgram() throws IOException {
        Path middle = Files.createSymbolicLink(directory.resolve("middle"), directory.resolve("good"));
        Path hook = Files.createSymbolicLink(directory.resolve("hook"), middle);
        try (TestManager manager = TestManager.startWith(settings("poststop", hook))) {
            Container container = launch(manager);
            Files.delete(middle);
            Files.createSymbolicLink(middle, theirs.resolve("evil"));

            stop(manager, container);
        }

        assertThat(ran("evil")).isFalse();
    }

    /** The file itself is replaced by another user's after the launch. */
    @Test
    void aProgramThatReplacedTheHookDoesNotRun() throws IOException {
        Path hook = directory.resolve("good");
        try (TestManager manager = TestManager.startWith(settings("poststop", hook))) {
            Container container = launch(manager);
            Files.move(theirs.resolve("evil"), hook, StandardCopyOption.REPLACE_EXISTING);

            stop(manager, container);
        }

        assertThat(ran("evil")).isFalse();
    }

    /** Its new owner may change its contents at any time. */
    @Test
    void aProgramWhoseOwnerChangedDoesNotRun() throws IOException {
        Path hook = directory.resolve("good");
        try (TestManager manager = TestManager.startWith(settings("poststop", hook))) {
            Container container = launch(manager);
            chown(hook);

            stop(manager, container);
        }

        assertThat(ran("good")).isFalse();
    }

    /** Otherwise the refusals above would prove nothing. */
    @Test
    void aHookBehindRootsOwnLinksRuns() throws IOException {
        Path middle = Files.createSymbolicLink(directory.resolve("middle"), directory.resolve("good"));
        Path hook = Files.createSymbolicLink(directory.resolve("hook"), middle);
        try (TestManager manager = TestManager.startWith(settings("poststop", hook))) {
            stop(manager, launch(manager));
        }

        assertThat(ran("good")).isTrue();
    }
}
