package dev.nucleus.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nucleus.rootfs.RootfsAttestation;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.ContextMount;
import dev.nucleus.spec.Cpus;
import dev.nucleus.spec.MemorySize;
import dev.nucleus.spec.Mode;
import dev.nucleus.spec.Runtime;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.spec.User;
import dev.nucleus.spec.UserNamespace;
import dev.nucleus.spec.WorkspaceMount;
import dev.nucleus.spec.WorkspaceMount.Access;
import dev.nucleus.support.Remains;
import dev.nucleus.support.Requires;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import dev.nucleus.support.TestRootfs;
import dev.nucleus.workspace.WorkspaceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Read-only contexts, workspaces, and overlays over a root filesystem. */
@Tag("isolation")
class WorkspaceTest {

    private static final int SOMEBODY = 4242;

    @SharedManager
    private static TestManager manager;

    private Path directory;

    /** How users inside map to users of the host. */
    enum Kind {
        PLAIN,
        USER_NAMESPACE,
        GVISOR;

        ContainerSpec.Builder spec(String script) {
            var spec = ContainerSpec.builder(Mode.AGENT, List.of("/bin/sh", "-c", script));
            return switch (this) {
                case PLAIN -> spec;
                case USER_NAMESPACE -> spec.userNamespace(new UserNamespace.Auto());
                case GVISOR -> spec.runtime(Optional.of(Runtime.GVISOR));
            };
        }
    }

    @BeforeEach
    void makeDirectory() throws IOException {
        directory = Files.createTempDirectory("nucleus-test-");
    }

    @AfterEach
    void removeDirectory() throws IOException {
        Remains.delete(directory);
    }

    private static void chown(Path path, int user) throws IOException {
        Files.setAttribute(path, "unix:uid", user, LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(path, "unix:gid", user, LinkOption.NOFOLLOW_LINKS);
    }

    private static TestManager.Output work(Kind kind, Path source, Access access, boolean execute, String script) {
        if (kind == Kind.GVISOR) {
            Requires.program("/usr/bin/runsc", "runsc");
        }
        return manager.run(kind.spec(script)
                .workspace(Optional.of(new WorkspaceMount(source, access, execute)))
                .build());
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void filesCreatedInAWorkspaceBelongToItsOwner(Kind kind) throws IOException {
        chown(directory, SOMEBODY);
        Path there = Files.writeString(directory.resolve("there"), "old");
        chown(there, SOMEBODY);

        TestManager.Output output =
                work(kind, directory, Access.BIND_RW, false, "pwd; echo new > made; echo changed > there; mkdir d");

        assertThat(output.err()).isEmpty();
        assertThat(output.out()).isEqualTo("/workspace\n");
        assertThat(there).hasContent("changed");
        for (String made : List.of("made", "d")) {
            assertThat(Files.getAttribute(directory.resolve(made), "unix:uid")).isEqualTo(SOMEBODY);
            assertThat(Files.getAttribute(directory.resolve(made), "unix:gid")).isEqualTo(SOMEBODY);
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void aReadOnlyWorkspaceCannotBeWritten(Kind kind) throws IOException {
        chown(directory, SOMEBODY);
        Files.writeString(directory.resolve("file"), "text");

        TestManager.Output output =
                work(kind, directory, Access.BIND_RO, false, "cat file; (echo x > file) 2>/dev/null || echo refused");

        assertThat(output.out()).isEqualTo("textrefused\n");
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void programsRunInAWorkspaceOnlyIfRequested(Kind kind) throws IOException {
        chown(directory, SOMEBODY);
        String script = "cp /bin/true run; chmod +x run; ./run 2>/dev/null && echo ran; true";

        assertThat(work(kind, directory, Access.BIND_RW, false, script).out()).isEmpty();
        assertThat(work(kind, directory, Access.BIND_RW, true, script).out()).isEqualTo("ran\n");
    }

    @Test
    void exclusionsFromTheCopyAreReportedToTheClient() throws IOException {
        Files.writeString(directory.resolve("kept"), "text");
        Files.createSymbolicLink(directory.resolve("link"), Path.of("/etc/passwd"));
        var told = new CopyOnWriteArrayList<String>();
        ContainerSpec spec = ContainerSpec.builder(Mode.AGENT, List.of("/bin/ls"))
                .workspace(Optional.of(new WorkspaceMount(directory, Access.COPY_IN_OUT, false)))
                .build();

        TestManager.Output output = manager.run(LaunchOrder.attached(spec).reporting(told::add));

        assertThat(output.out()).isEqualTo("kept\n");
        assertThat(told)
                .containsExactly("workspace " + directory + ": 2 files (0 MiB) copied; 1 left out: link (a link)");
    }

    /** Aborting takes milliseconds, and loses nothing: what the container made is kept. */
    @Test
    void copyingAWorkspaceBackCanBeAborted() throws IOException {
        ContainerSpec spec = ContainerSpec.builder(
                        Mode.AGENT, List.of("/bin/sh", "-c", "yes | head -c 1G > large; echo small > a"))
                .workspace(Optional.of(new WorkspaceMount(directory, Access.COPY_IN_OUT, false)))
                .build();
        Container container = manager.containers().launch(LaunchOrder.detached(spec));
        Awaitility.await()
                .pollInterval(Duration.ofMillis(5))
                .atMost(Duration.ofMinutes(2))
                .until(() -> container.state() instanceof ContainerState.CopyingBack);
        assertThat(container.isRunning()).isFalse();
        assertThat(container.state().description()).isEqualTo("has ended, and its workspace is being copied back");
        assertThatThrownBy(() -> manager.containers().pause(container, true))
                .hasMessageContaining("its workspace is being copied back");

        manager.containers().kill(container, Signal.KILL);

        assertThat(container.isStopped()).isTrue();
        Path kept = manager.state().resolve("copies").resolve(container.id() + ".kept");
        assertThat(container.workspaceResult().orElseThrow())
                .isEqualTo("workspace: copying changes back was aborted; what was copied back until then stays; "
                        + "the container's copy is kept in " + kept);
        assertThat(kept.resolve("workspace/large")).hasSize(1 << 30);
        assertThat(directory.resolve("large")).doesNotExist();
        Remains.delete(kept);
        manager.containers().remove(container);
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void changesInACopyAreSyncedBackWhenTheContainerExits(Kind kind) throws IOException {
        Files.writeString(directory.resolve("kept"), "old");
        Files.writeString(directory.resolve("gone"), "old");
        Files.writeString(directory.resolve("server.key"), "secret");

        TestManager.Output output = work(
                kind,
                directory,
                Access.COPY_IN_OUT,
                false,
                "cat /workspace/server.key 2>/dev/null; echo new > kept; rm gone; mkdir d; echo made > d/file;"
                        + " ln -s /etc/shadow link; mkdir .git; echo evil > .git/config; cat "
                        + directory.resolve("kept") + " 2>/dev/null; echo done");

        assertThat(output.out()).isEqualTo("done\n");
        assertThat(directory.resolve("kept")).hasContent("new\n");
        assertThat(directory.resolve("d/file")).hasContent("made\n");
        assertThat(directory.resolve("server.key")).hasContent("secret");
        assertThat(directory.resolve("gone")).doesNotExist();
        assertThat(Files.exists(directory.resolve("link"), LinkOption.NOFOLLOW_LINKS))
                .isFalse();
        assertThat(directory.resolve(".git")).doesNotExist();
        assertThat(manager.state().resolve("copies")).isEmptyDirectory();
    }

    @Test
    void aCopyThatCannotBeSyncedBackIsKeptAndItsPathReported() throws IOException {
        Path source = Files.createDirectory(directory.resolve("source"));
        Container container = manager.containers()
                .launch(LaunchOrder.detached(Kind.PLAIN
                        .spec("echo work > /workspace/work; exec sleep 1000")
                        .workspace(Optional.of(new WorkspaceMount(source, Access.COPY_IN_OUT, false)))
                        .build()));
        Path copies = manager.state().resolve("copies");
        Path work = copies.resolve(container.id()).resolve("workspace/work");
        Awaitility.await().until(() -> Files.exists(work));
        Files.delete(source);

        manager.containers().stop(container, new StopSpec(Signal.KILL, Duration.ZERO));

        Path kept = copies.resolve(container.id() + ".kept");
        assertThat(container.workspaceResult().orElseThrow())
                .startsWith("workspace: ")
                .contains(source.toString())
                .endsWith("; the container's copy is kept in " + kept);
        assertThat(kept.resolve("workspace/work")).hasContent("work\n");
        manager.containers().remove(container);
        assertThat(kept).as("kept until the user removes it").exists();
        Remains.delete(kept);
    }

    private Container launchWithACopyOf(Path source) throws IOException {
        Container container = manager.containers()
                .launch(LaunchOrder.detached(Kind.PLAIN
                        .spec("mkdir d; echo work > d/work; exec sleep 1000")
                        .workspace(Optional.of(new WorkspaceMount(source, Access.COPY_IN_OUT, false)))
                        .build()));
        Path work = manager.state().resolve("copies").resolve(container.id()).resolve("workspace/d/work");
        Awaitility.await().until(() -> Files.exists(work));
        return container;
    }

    private void stopAndAssertCopyIsKept(Container container, String why) throws IOException {
        manager.containers().stop(container, new StopSpec(Signal.KILL, Duration.ZERO));

        Path kept = manager.state().resolve("copies").resolve(container.id() + ".kept");
        assertThat(container.workspaceResult().orElseThrow())
                .startsWith("workspace: ")
                .contains(why)
                .endsWith("; the container's copy is kept in " + kept);
        assertThat(kept.resolve("workspace/d/work")).hasContent("work\n");
        manager.containers().remove(container);
        Remains.delete(kept);
    }

    /** Otherwise its owner could make root create files in a directory of root's. */
    @Test
    void aParentThatBecomesALinkDuringTheRunIsNotFollowed() throws IOException {
        Path home = Files.createDirectory(directory.resolve("home"));
        Path parent = Files.createDirectory(home.resolve("parent"));
        Path source = Files.createDirectory(parent.resolve("source"));
        Path outside = Files.createDirectory(directory.resolve("outside"));
        Files.createDirectory(outside.resolve("source"));
        for (Path own : List.of(home, parent, source)) {
            chown(own, SOMEBODY);
        }
        Container container = launchWithACopyOf(source);
        Files.move(parent, home.resolve("aside"));
        chown(Files.createSymbolicLink(parent, outside), SOMEBODY);

        stopAndAssertCopyIsKept(container, parent + ": is a symbolic link owned by user " + SOMEBODY);

        assertThat(outside.resolve("source")).isEmptyDirectory();
        assertThat(home.resolve("aside/source")).isEmptyDirectory();
    }

    @Test
    void aDirectoryThatReplacedTheSourceReceivesNothing() throws IOException {
        Path home = Files.createDirectory(directory.resolve("home"));
        Path source = Files.createDirectory(home.resolve("source"));
        Container container = launchWithACopyOf(source);
        Files.move(source, home.resolve("aside"));
        Files.createDirectory(source);

        stopAndAssertCopyIsKept(container, source + " is no longer the directory that was copied");

        assertThat(source).isEmptyDirectory();
    }

    /** Otherwise the link's owner could reach a directory that only root may enter. */
    @ParameterizedTest
    @EnumSource(ContextMount.Mode.class)
    void aContextBehindAnotherUsersLinkIsRefused(ContextMount.Mode mode) throws IOException {
        Path home = Files.createDirectory(directory.resolve("home"));
        chown(home, SOMEBODY);
        Path secret = Files.createDirectories(directory.resolve("secret/context"));
        Files.writeString(secret.resolve("file"), "root's");
        chown(Files.createSymbolicLink(home.resolve("link"), directory.resolve("secret")), SOMEBODY);
        ContainerSpec spec = ContainerSpec.builder(Mode.AGENT, List.of("/bin/cat", "/context/file"))
                .context(Optional.of(new ContextMount(home.resolve("link/context"), mode)))
                .build();

        assertThatThrownBy(() -> manager.run(spec))
                .isInstanceOf(WorkspaceException.class)
                .hasMessageStartingWith("context: ")
                .hasMessageContaining(home.resolve("link") + ": is a symbolic link owned by user " + SOMEBODY);
        assertThat(manager.state().resolve("copies")).isEmptyDirectory();
    }

    @ParameterizedTest
    @EnumSource(Access.class)
    void aWorkspaceBehindAnotherUsersLinkIsRefused(Access access) throws IOException {
        Path home = Files.createDirectory(directory.resolve("home"));
        chown(home, SOMEBODY);
        Files.createDirectories(directory.resolve("secret/work"));
        chown(Files.createSymbolicLink(home.resolve("link"), directory.resolve("secret")), SOMEBODY);

        assertThatThrownBy(() -> work(Kind.PLAIN, home.resolve("link/work"), access, false, "echo x > made"))
                .isInstanceOf(WorkspaceException.class)
                .hasMessageStartingWith("workspace: ")
                .hasMessageContaining("is a symbolic link owned by user " + SOMEBODY);
        assertThat(directory.resolve("secret/work")).isEmptyDirectory();
    }

    /** Root's own links, such as /srv/current, still work. */
    @ParameterizedTest
    @EnumSource(Access.class)
    void aWorkspaceBehindRootsOwnLinkIsFound(Access access) throws IOException {
        Path target = Files.createDirectories(directory.resolve("target/work"));
        Files.writeString(target.resolve("file"), "text");
        Files.createSymbolicLink(directory.resolve("current"), directory.resolve("target"));

        TestManager.Output output = work(Kind.PLAIN, directory.resolve("current/work"), access, false, "cat file");

        assertThat(output.out()).isEqualTo("text");
    }

    @ParameterizedTest
    @EnumSource(ContextMount.Mode.class)
    void aContextIsReadOnlyAndNotExecutable(ContextMount.Mode mode) throws IOException {
        Files.setAttribute(directory, "unix:mode", 0755);
        Files.writeString(directory.resolve("file"), "text");
        Files.writeString(directory.resolve(".env"), "TOKEN=x");
        Files.copy(Path.of("/bin/true"), directory.resolve("program"));

        TestManager.Output output = manager.run(ContainerSpec.builder(
                        Mode.STRICT_AGENT,
                        List.of(
                                "/bin/sh",
                                "-c",
                                "cat /context/file; (echo x > /context/file) 2>/dev/null && echo wrote;"
                                        + " /context/program 2>/dev/null && echo ran; test -e /context/.env && echo env; true"))
                .memory(Optional.of(MemorySize.parse("128M")))
                .cpus(Optional.of(new Cpus(1)))
                .context(Optional.of(new ContextMount(directory, mode)))
                .build());

        assertThat(output.out()).isEqualTo(mode == ContextMount.Mode.COPY ? "text" : "textenv\n");
        assertThat(manager.state().resolve("copies")).isEmptyDirectory();
    }

    @Test
    void aBoundContextWithALinkIsRefusedAndNothingIsLeftBehind() throws IOException {
        Files.createSymbolicLink(directory.resolve("link"), Path.of("/etc/shadow"));
        ContainerSpec spec = ContainerSpec.builder(Mode.AGENT, List.of("/bin/true"))
                .context(Optional.of(new ContextMount(directory, ContextMount.Mode.BIND)))
                .build();

        assertThatThrownBy(() -> manager.run(spec))
                .isInstanceOf(WorkspaceException.class)
                .hasMessageStartingWith("context: ")
                .hasMessageContaining("is a link");
        assertThat(manager.state().resolve("copies")).isEmptyDirectory();
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void anOverlayHoldsWritesAndDiscardsThem(Kind kind) throws Exception {
        if (kind == Kind.GVISOR) {
            Requires.program("/usr/bin/runsc", "runsc");
        }
        Path rootfs = TestRootfs.build(directory.resolve("rootfs"), "/bin/sh", "/bin/cat", "/bin/ls");
        Files.createDirectories(rootfs.resolve("var/lib"));
        Files.writeString(rootfs.resolve("var/lib/file"), "old\n");
        Files.setAttribute(rootfs.resolve("var/lib"), "unix:mode", 0777);
        ContainerSpec.Builder spec = kind.spec("cat /var/lib/file; echo new > /var/lib/made && cat /var/lib/made;"
                        + " test -e /.layers && echo seen; true")
                .rootfs(Optional.of(rootfs));

        TestManager.Output sealed = manager.run(spec.build());
        TestManager.Output over =
                manager.run(spec.overlay(Optional.of(MemorySize.parse("16M"))).build());

        assertThat(sealed.out()).isEqualTo("old\n");
        assertThat(over.err()).isEmpty();
        assertThat(over.out()).isEqualTo("old\nnew\n");
        assertThat(rootfs.resolve("var/lib/made")).doesNotExist();
    }

    @Test
    void productionAllowsAnOverlayOverAnAttestedRootfs() throws Exception {
        Path rootfs = TestRootfs.build(directory.resolve("rootfs"), "/bin/sh", "/bin/cat");
        RootfsAttestation.attest(rootfs);
        ContainerSpec spec = ContainerSpec.builder(
                        Mode.PRODUCTION, List.of("/bin/sh", "-c", "echo 'x:1' > /etc/made && cat /etc/made"))
                .rootfs(Optional.of(rootfs))
                .overlay(Optional.of(MemorySize.parse("16M")))
                .memory(Optional.of(MemorySize.parse("64M")))
                .cpus(Optional.of(new Cpus(1)))
                .user(Optional.of(User.parse("0:0")))
                .build();

        assertThat(manager.run(spec).out()).isEqualTo("x:1\n");
        RootfsAttestation.ofThisUser().verify(rootfs);
    }
}
