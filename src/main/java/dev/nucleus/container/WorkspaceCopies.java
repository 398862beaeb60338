package dev.nucleus.container;

import dev.nucleus.kernel.Directory;
import dev.nucleus.kernel.FileName;
import dev.nucleus.kernel.HostDirectory;
import dev.nucleus.kernel.TreeRemoval;
import dev.nucleus.settings.PrivateDirectories;
import dev.nucleus.spec.ContextMount;
import dev.nucleus.spec.Filesystem;
import dev.nucleus.spec.WorkspaceMount;
import dev.nucleus.workspace.CopyProgress;
import dev.nucleus.workspace.SourceDirectory;
import dev.nucleus.workspace.SyncResult;
import dev.nucleus.workspace.TreeCopy;
import dev.nucleus.workspace.TreeLimits;
import dev.nucleus.workspace.TreeManifest;
import dev.nucleus.workspace.WorkspaceException;
import dev.nucleus.workspace.WorkspaceSync;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** The directories that were copied for containers: made before a launch, brought back and removed at the end. */
final class WorkspaceCopies {

    private static final Logger log = LoggerFactory.getLogger(WorkspaceCopies.class);
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String RECORD = "workspace.json";
    private static final String WORKSPACE = "workspace";
    private static final String CONTEXT = "context";
    private static final String MANIFEST = ".manifest";
    /** Of a copy that could not be brought back: nobody removes it but the operator. */
    private static final String KEPT = ".kept";

    /** As many are copied or brought back at once: each may hold a descriptor for every directory of its depth. */
    private static final int AT_ONCE = 8;

    private final Path directory;
    private final List<Path> reserved;
    private final TreeLimits limits;
    private final Semaphore turns = new Semaphore(AT_ONCE, true);

    /**
     * What a manager must know to bring a copy back, besides the manifest beside it.
     *
     * @param source as it was named
     * @param device of the directory that was copied; null: recorded by a version that did not look
     * @param inode of the same
     */
    record Record(
            Path source, @Nullable Long device, @Nullable Long inode) {}

    /** The directories of the host that a container gets, as they were looked at; held until the launch is over. */
    static final class Sources implements AutoCloseable {

        private Optional<SourceDirectory> context = Optional.empty();
        private Optional<SourceDirectory> workspace = Optional.empty();

        private Sources() {}

        Optional<HostDirectory> context() {
            return context.map(SourceDirectory::identity);
        }

        Optional<HostDirectory> workspace() {
            return workspace.map(SourceDirectory::identity);
        }

        @Override
        public void close() {
            context.ifPresent(SourceDirectory::close);
            workspace.ifPresent(SourceDirectory::close);
        }
    }

    /** @param reserved the manager's own directories, of which nothing is copied */
    WorkspaceCopies(Path state, List<Path> reserved) throws IOException {
        this(state, reserved, TreeLimits.DEFAULT);
    }

    WorkspaceCopies(Path state, List<Path> reserved, TreeLimits limits) throws IOException {
        this.reserved = List.copyOf(reserved);
        this.directory = PrivateDirectories.create(state.resolve("copies"));
        this.limits = limits;
    }

    Path of(String id) {
        return directory.resolve(id);
    }

    /**
     * Makes what the container needs; nothing when it needs nothing.
     *
     * @param listener told how far a long copy is, and what was left out; what it throws ends the copy
     * @return the directories of the host that it gets, open
     * @throws WorkspaceException when a directory can't be copied or bound as it is
     */
    Sources make(String id, Filesystem filesystem, Consumer<String> listener) {
        var sources = new Sources();
        try {
            // Looked at first: what is no directory is said before anything is copied.
            sources.workspace = filesystem
                    .workspace()
                    .map(workspace -> named(WORKSPACE, () -> SourceDirectory.open(workspace.source(), reserved)));
            sources.context = filesystem
                    .context()
                    .map(context -> named(CONTEXT, () -> SourceDirectory.open(context.source(), reserved)));
            if (filesystem.context().isPresent()) {
                takeContext(id, filesystem.context().get().mode(), sources.context.orElseThrow(), listener);
            }
            if (filesystem.workspace().filter(WorkspaceMount::copied).isPresent()) {
                copyWorkspace(id, filesystem.workspace().get(), sources.workspace.orElseThrow(), listener);
            }
            return sources;
        } catch (IOException | JacksonException e) {
            sources.close();
            remove(id);
            throw new WorkspaceException("can't copy into " + of(id) + ": " + e.getMessage(), e);
        } catch (RuntimeException | Error e) {
            sources.close();
            remove(id);
            throw e;
        }
    }

    private void copyWorkspace(String id, WorkspaceMount workspace, SourceDirectory source, Consumer<String> listener)
            throws IOException {
        copyIn(id, WORKSPACE, source, listener);
        HostDirectory identity = source.identity();
        JSON.writeValue(
                of(id).resolve(RECORD).toFile(), new Record(workspace.source(), identity.device(), identity.inode()));
    }

    private void copyIn(String id, String what, SourceDirectory source, Consumer<String> listener) throws IOException {
        PrivateDirectories.create(of(id));
        TreeCopy.Copied copied = inTurn(() -> named(
                what,
                () -> TreeCopy.copy(
                        source,
                        of(id).resolve(what),
                        of(id).resolve(what + MANIFEST),
                        limits,
                        new CopyProgress(what + " " + source, listener))));
        if (copied.isPartial()) {
            listener.accept(what + " " + source + ": " + copied.summary());
        }
    }

    private void takeContext(String id, ContextMount.Mode mode, SourceDirectory source, Consumer<String> listener)
            throws IOException {
        switch (mode) {
            case COPY -> copyIn(id, CONTEXT, source, listener);
            case BIND ->
                inTurn(() -> named(CONTEXT, () -> {
                    TreeCopy.refuseLinks(source);
                    return source;
                }));
        }
    }

    private <T> T inTurn(Supplier<T> work) {
        turns.acquireUninterruptibly();
        try {
            return work.get();
        } finally {
            turns.release();
        }
    }

    private static <T> T named(String what, Supplier<T> work) {
        try {
            return work.get();
        } catch (WorkspaceException e) {
            throw new WorkspaceException(what + ": " + e.getMessage(), e);
        }
    }

    /** Whether a workspace of the container is still to be brought back. */
    boolean hasWorkspace(String id) {
        return Files.isRegularFile(of(id).resolve(RECORD), LinkOption.NOFOLLOW_LINKS);
    }

    /**
     * Brings the workspace back, if there is one, and removes the copies. Whatever goes wrong is said, and the copy
     * kept: the end of one container is nobody else's trouble.
     *
     * @param listener told how far that is, if it takes long; must not throw
     * @return what came of it, in a sentence
     */
    Optional<String> end(String id, Consumer<String> listener) {
        if (!Files.exists(of(id), LinkOption.NOFOLLOW_LINKS)) {
            // Most containers have no copies.
            return Optional.empty();
        }
        if (!hasWorkspace(id)) {
            remove(id);
            return Optional.empty();
        }
        try {
            return Optional.of(inTurn(() -> bringBack(id, listener)));
        } catch (WorkspaceException | JacksonException e) {
            return Optional.of("workspace: " + e.getMessage() + kept(id));
        } catch (RuntimeException | Error e) {
            log.error("the workspace of container {} could not be copied back", id, e);
            return Optional.of("workspace: " + e + kept(id));
        }
    }

    private String bringBack(String id, Consumer<String> listener) {
        var workspace = JSON.readValue(of(id).resolve(RECORD).toFile(), Record.class);
        if (workspace.device() == null || workspace.inode() == null) {
            throw new WorkspaceException(workspace.source()
                    + " was copied by an earlier version, which did not record which directory it was; nothing was"
                    + " brought back");
        }
        try (SourceDirectory source = SourceDirectory.open(workspace.source(), reserved)) {
            HostDirectory now = source.identity();
            if (now.device() != workspace.device() || now.inode() != workspace.inode()) {
                throw new WorkspaceException(workspace.source()
                        + " is another directory now than the one that was copied; nothing was copied back");
            }
            SyncResult result = WorkspaceSync.bringBack(
                    of(id).resolve(WORKSPACE),
                    source,
                    new TreeManifest(of(id).resolve(WORKSPACE + MANIFEST)),
                    id,
                    limits,
                    new CopyProgress("workspace " + workspace.source(), listener));
            String sentence = "workspace " + workspace.source() + ": " + result.summary();
            if (!result.unplaced().isEmpty()) {
                return sentence + kept(id);
            }
            remove(id);
            return sentence;
        }
    }

    private String kept(String id) {
        return "; the container's copy is kept in " + keep(id);
    }

    private Path keep(String id) {
        try {
            return Files.move(of(id), directory.resolve(id + KEPT));
        } catch (IOException e) {
            return of(id);
        }
    }

    /** By descriptors: what a container made may be deeper than a path can say. */
    void remove(String id) {
        try (Directory copies = Directory.open(directory)) {
            TreeRemoval.delete(copies, FileName.of(id));
        } catch (IOException e) {
            log.warn("can't remove {}: {}", of(id), e.toString());
        }
    }

    /** Removes what a manager that was killed had begun for containers that never were. */
    void removeAllBut(Predicate<String> known) {
        try (Stream<Path> all = Files.list(directory)) {
            all.map(path -> path.getFileName().toString())
                    .filter(name -> !name.endsWith(KEPT) && !known.test(name))
                    .forEach(this::remove);
        } catch (IOException e) {
            log.warn("can't look for copies that are left in {}: {}", directory, e.toString());
        }
    }
}
