package dev.nucleus.container;

import dev.nucleus.kernel.Directory;
import dev.nucleus.kernel.FileName;
import dev.nucleus.kernel.HostDirectory;
import dev.nucleus.kernel.TreeRemoval;
import dev.nucleus.settings.PrivateDirectories;
import dev.nucleus.spec.ContextMount;
import dev.nucleus.spec.Filesystem;
import dev.nucleus.spec.WorkspaceMount;
import dev.nucleus.workspace.CopyCancellation;
import dev.nucleus.workspace.CopyCancelledException;
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

/** Copies of host directories for containers: made before a launch, copied back and removed at the end. */
final class WorkspaceCopies {

    private static final Logger log = LoggerFactory.getLogger(WorkspaceCopies.class);
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String RECORD = "workspace.json";
    private static final String WORKSPACE = "workspace";
    private static final String CONTEXT = "context";
    private static final String MANIFEST = ".manifest";
    /** Suffix of a copy that could not be copied back; only the operator removes it. */
    private static final String KEPT = ".kept";

    /** Limit on concurrent copies in either direction: each may hold a descriptor for every level of its tree. */
    private static final int MAX_CONCURRENT = 8;

    private final Path directory;
    private final List<Path> reserved;
    private final TreeLimits limits;
    private final Semaphore turns = new Semaphore(MAX_CONCURRENT, true);

    /**
     * The facts that a manager needs to copy a workspace back, besides the manifest beside it.
     *
     * @param source path of the directory that was copied, as given
     * @param device device of that directory; null if an earlier version wrote the record
     * @param inode inode of that directory; null likewise
     */
    record Record(
            Path source, @Nullable Long device, @Nullable Long inode) {}

    /** The host directories that a container gets, as they were checked; held open until the launch is over. */
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

    /** @param reserved the manager's own directories, which are never copied */
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
     * Makes the copies that the container needs, if any.
     *
     * @param listener receives the progress of a long copy, and what was left out; an exception from it aborts the copy
     * @return the host directories that it gets, open
     * @throws WorkspaceException when a directory can't be copied or bound
     */
    Sources make(String id, Filesystem filesystem, Consumer<String> listener) {
        var sources = new Sources();
        try {
            // Opened first: a source that is not a directory is reported before anything is copied.
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
        TreeCopy.Copied copied = inTurn(
                new CopyCancellation(),
                () -> named(
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
                inTurn(
                        new CopyCancellation(),
                        () -> named(CONTEXT, () -> {
                            TreeCopy.refuseLinks(source);
                            return source;
                        }));
        }
    }

    private <T> T inTurn(CopyCancellation cancellation, Supplier<T> work) {
        cancellation.acquire(turns);
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

    /** Whether a workspace of the container is still to be copied back. */
    boolean hasWorkspace(String id) {
        return Files.isRegularFile(of(id).resolve(RECORD), LinkOption.NOFOLLOW_LINKS);
    }

    /**
     * Copies the workspace back, if there is one, and removes the copies. A failure is reported in the result, and the
     * copy is kept: it must not affect other containers.
     *
     * @param listener receives the progress, if it takes long; must not throw
     * @param cancellation aborts it; what has been copied back stays, and the copy is kept
     * @return the result, as a sentence
     */
    Optional<String> end(String id, Consumer<String> listener, CopyCancellation cancellation) {
        if (!Files.exists(of(id), LinkOption.NOFOLLOW_LINKS)) {
            // Most containers have no copies.
            return Optional.empty();
        }
        if (!hasWorkspace(id)) {
            remove(id);
            return Optional.empty();
        }
        try {
            return Optional.of(inTurn(cancellation, () -> copyBack(id, listener, cancellation)));
        } catch (CopyCancelledException e) {
            return Optional.of(
                    "workspace: copying changes back was aborted; what was copied back until then stays" + kept(id));
        } catch (WorkspaceException | JacksonException e) {
            return Optional.of("workspace: " + e.getMessage() + kept(id));
        } catch (RuntimeException | Error e) {
            log.error("the workspace of container {} could not be copied back", id, e);
            return Optional.of("workspace: " + e + kept(id));
        }
    }

    private String copyBack(String id, Consumer<String> listener, CopyCancellation cancellation) {
        var workspace = JSON.readValue(of(id).resolve(RECORD).toFile(), Record.class);
        if (workspace.device() == null || workspace.inode() == null) {
            throw new WorkspaceException(workspace.source()
                    + " was copied by an earlier version, which did not record which directory it was; nothing was"
                    + " copied back");
        }
        try (SourceDirectory source = SourceDirectory.open(workspace.source(), reserved)) {
            HostDirectory now = source.identity();
            if (now.device() != workspace.device() || now.inode() != workspace.inode()) {
                throw new WorkspaceException(
                        workspace.source() + " is no longer the directory that was copied; nothing was copied back");
            }
            SyncResult result = WorkspaceSync.copyBack(
                    of(id).resolve(WORKSPACE),
                    source,
                    new TreeManifest(of(id).resolve(WORKSPACE + MANIFEST)),
                    id,
                    limits,
                    new CopyProgress("workspace " + workspace.source(), listener, cancellation));
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

    /** Deletes by descriptors: the container's tree may be deeper than the longest possible path. */
    void remove(String id) {
        try (Directory copies = Directory.open(directory)) {
            TreeRemoval.delete(copies, FileName.of(id));
        } catch (IOException e) {
            log.warn("can't remove {}: {}", of(id), e.toString());
        }
    }

    /** Removes the copies that a manager that was killed had begun for containers it never launched. */
    void removeAllBut(Predicate<String> known) {
        try (Stream<Path> all = Files.list(directory)) {
            all.map(path -> path.getFileName().toString())
                    .filter(name -> !name.endsWith(KEPT) && !known.test(name))
                    .forEach(this::remove);
        } catch (IOException e) {
            log.warn("can't list leftover copies in {}: {}", directory, e.toString());
        }
    }
}
