package dev.nucleus.container;

import dev.nucleus.settings.PrivateDirectories;
import dev.nucleus.spec.ContextMount;
import dev.nucleus.spec.Filesystem;
import dev.nucleus.spec.WorkspaceMount;
import dev.nucleus.workspace.TreeCopy;
import dev.nucleus.workspace.TreeManifest;
import dev.nucleus.workspace.TreeReturn;
import dev.nucleus.workspace.WorkspaceException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** The directories that were copied for containers: made before a launch, brought back and removed at the end. */
final class Copies {

    private static final Logger log = LoggerFactory.getLogger(Copies.class);
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String RECORD = "workspace.json";
    /** Of a copy that could not be brought back: nobody removes it but the operator. */
    private static final String KEPT = ".kept";

    private final Path directory;

    /** What a manager must know to bring a copy back. */
    record Record(Path source, TreeManifest before) {}

    Copies(Path state) throws IOException {
        this.directory = PrivateDirectories.create(state.resolve("copies"));
    }

    Path of(String id) {
        return directory.resolve(id);
    }

    /**
     * Makes what the container needs; nothing when it needs nothing.
     *
     * @throws WorkspaceException when a directory can't be copied or bound as it is
     */
    void make(String id, Filesystem filesystem) {
        Optional<ContextMount> context = filesystem.context();
        Optional<WorkspaceMount> workspace = filesystem.workspace();
        workspace.map(WorkspaceMount::source).ifPresent(Copies::requireDirectory);
        try {
            if (context.isPresent()) {
                PrivateDirectories.create(of(id));
                takeContext(context.get(), of(id).resolve("context"));
            }
            if (workspace.filter(WorkspaceMount::copied).isPresent()) {
                PrivateDirectories.create(of(id));
                Path source = workspace.get().source();
                TreeManifest before = TreeCopy.copy(source, of(id).resolve("workspace"));
                JSON.writeValue(of(id).resolve(RECORD).toFile(), new Record(source, before));
            }
        } catch (IOException | JacksonException e) {
            remove(id);
            throw new WorkspaceException("can't copy into " + of(id) + ": " + e.getMessage(), e);
        } catch (WorkspaceException e) {
            remove(id);
            throw e;
        }
    }

    private static void takeContext(ContextMount context, Path copy) {
        try {
            switch (context.mode()) {
                case COPY -> TreeCopy.copy(context.source(), copy);
                case BIND -> TreeCopy.refuseLinks(context.source());
            }
        } catch (WorkspaceException e) {
            throw new WorkspaceException("context: " + e.getMessage(), e);
        }
    }

    private static void requireDirectory(Path source) {
        if (!Files.isDirectory(source)) {
            throw new WorkspaceException("workspace: " + source + " is no directory");
        }
    }

    /** Brings the workspace back, if there is one, and removes the copies. What came of it, in a sentence. */
    Optional<String> end(String id) {
        Path file = of(id).resolve(RECORD);
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            remove(id);
            return Optional.empty();
        }
        try {
            var workspace = JSON.readValue(file.toFile(), Record.class);
            TreeReturn.Result result =
                    TreeReturn.bringBack(of(id).resolve("workspace"), workspace.source(), workspace.before(), id);
            remove(id);
            return Optional.of("workspace " + workspace.source() + ": " + result.summary());
        } catch (WorkspaceException | JacksonException e) {
            return Optional.of("workspace: " + e.getMessage() + "; the container's copy is kept in " + keep(id));
        }
    }

    private Path keep(String id) {
        try {
            return Files.move(of(id), directory.resolve(id + KEPT));
        } catch (IOException e) {
            return of(id);
        }
    }

    void remove(String id) {
        try {
            if (Files.exists(of(id), LinkOption.NOFOLLOW_LINKS)) {
                ContainerStore.delete(of(id));
            }
        } catch (IOException e) {
            log.warn("can't remove {}: {}", of(id), e.toString());
        }
    }

    /** Removes what a manager that was killed had begun for containers that never were. */
    void removeAllBut(Set<String> known) {
        try (Stream<Path> all = Files.list(directory)) {
            all.map(path -> path.getFileName().toString())
                    .filter(name -> !name.endsWith(KEPT) && !known.contains(name))
                    .forEach(this::remove);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
