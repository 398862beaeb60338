package dev.nucleus.rootfs;

import dev.nucleus.kernel.FileStat;
import dev.nucleus.kernel.TrustedPath;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the libraries that a program or library needs, directly and indirectly, like the dynamic loader (ld.so(8)): by
 * DT_RPATH or DT_RUNPATH, the cache, and the default directories. Executes nothing and opens only regular files,
 * because the names in a file are chosen by its author.
 *
 * <p>Unlike the loader, it ignores {@code LD_LIBRARY_PATH}, and of a library with variants for particular processors
 * (glibc-hwcaps) it takes the generic one, so that the result runs on other hosts too.
 */
final class SharedLibraries {

    private static final Path LOADER = Path.of("/lib64/ld-linux-x86-64.so.2");

    /** The directories built into Debian's loader, then those of other distributions. */
    private static final List<Path> DEFAULT_DIRECTORIES = List.of(
            Path.of("/lib/x86_64-linux-gnu"),
            Path.of("/usr/lib/x86_64-linux-gnu"),
            Path.of("/lib64"),
            Path.of("/usr/lib64"),
            Path.of("/lib"),
            Path.of("/usr/lib"));

    /** Where distributions install a loader. */
    private static final List<Path> LOADER_DIRECTORIES =
            List.of(Path.of("/usr/lib"), Path.of("/usr/lib64"), Path.of("/lib"), Path.of("/lib64"));

    /** The values of {@code $LIB} in Debian's loader and in others. */
    private static final List<String> LIB = List.of("lib/x86_64-linux-gnu", "lib64");

    private static final String PLATFORM = "x86_64";
    private static final int MAX_PATH = 4_096;

    // Limits for files that are made to keep the search going forever. A large desktop program loads some 200
    // libraries.
    private static final int MAX_LIBRARIES = 1_000;
    private static final int MAX_DIRECTORIES = 256;
    private static final int MAX_VARIABLES = 4;
    private static final int MAX_LOOKUPS = 2_000_000;

    private final LoaderCache cache;
    private int lookups;

    SharedLibraries(LoaderCache cache) {
        this.cache = cache;
    }

    /**
     * The dependencies of a file.
     *
     * @param found libraries and the loader, by the paths they are found at
     * @param missing libraries that were not found, each with the file that needs it, for people to read
     */
    record Needed(List<Path> found, List<String> missing) {}

    /** A loaded file, and the file that needs it. */
    private record Loaded(Path path, ElfFile elf, @Nullable Loaded loader) {}

    /**
     * Finds the libraries that a file is linked with.
     *
     * @param file its real path, for {@code $ORIGIN}
     * @throws RootfsException if more libraries are named than the limits allow
     */
    Needed of(Path file, ElfFile elf) throws IOException {
        var closure = new Closure();
        closure.load(new Loaded(file, elf, null));
        return new Needed(List.copyOf(closure.found), List.copyOf(closure.missing));
    }

    private final class Closure {

        private final List<Path> found = new ArrayList<>();
        private final List<String> missing = new ArrayList<>();
        private final Set<String> names = new HashSet<>();
        private final Queue<Loaded> waiting = new ArrayDeque<>();

        /** Searches breadth first, like the loader: the first library of a name is used for all. */
        void load(Loaded program) throws IOException {
            if (program.elf().interpreter().isPresent()) {
                addInterpreter(program.elf().interpreter().get());
            } else if (!program.elf().needed().isEmpty() && isLoader(LOADER)) {
                addLoader(LOADER);
            }
            waiting.add(program);
            while (!waiting.isEmpty()) {
                Loaded next = waiting.remove();
                for (String name : next.elf().needed()) {
                    if (names.add(name)) {
                        need(name, next);
                    }
                }
            }
        }

        private void addInterpreter(String interpreter) throws IOException {
            Optional<Path> path = absolute(interpreter);
            if (path.isPresent() && isLoader(path.get())) {
                addLoader(path.get());
            } else {
                missing.add("the dynamic loader " + Text.shown(interpreter)
                        + ", which is not a program of root's in this host's library directories");
            }
        }

        private void addLoader(Path loader) {
            found.add(loader);
            names.add(loader.getFileName().toString());
        }

        private void need(String name, Loaded by) throws IOException {
            Optional<Path> library = find(name, by);
            if (library.isEmpty()) {
                if (missing.size() < MAX_LIBRARIES) {
                    missing.add(Text.shown(name) + ", needed by "
                            + Text.shown(by.path().toString()));
                }
                return;
            }
            if (found.size() >= MAX_LIBRARIES) {
                throw new RootfsException(
                        Text.shown(by.path().toString()) + " is linked with more than " + MAX_LIBRARIES + " libraries");
            }
            found.add(library.get());
            Optional<ElfFile> elf = at(library.get());
            elf.flatMap(ElfFile::soname).ifPresent(names::add);
            elf.ifPresent(file -> waiting.add(new Loaded(library.get(), file, by)));
        }
    }

    private Optional<Path> find(String name, Loaded by) throws IOException {
        if (name.contains("/")) {
            return first(expand(name, by.path()));
        }
        if (by.elf().runpath().isEmpty()) {
            for (Loaded up = by; up != null; up = up.loader()) {
                Optional<Path> library = in(up.elf().rpath(), up.path(), name);
                if (library.isPresent()) {
                    return library;
                }
            }
        }
        Optional<Path> own = in(by.elf().runpath(), by.path(), name);
        if (own.isPresent() || by.elf().onlyOwnDirectories()) {
            return own;
        }
        var shared = new ArrayList<Path>();
        Optional.ofNullable(cache.libraries().get(name)).ifPresent(shared::add);
        for (Path directory : DEFAULT_DIRECTORIES) {
            absolute(directory + "/" + name).ifPresent(shared::add);
        }
        return first(shared);
    }

    private Optional<Path> in(List<String> directories, Path origin, String name) throws IOException {
        for (String directory : directories.subList(0, Math.min(directories.size(), MAX_DIRECTORIES))) {
            Optional<Path> library = first(expand(directory + "/" + name, origin));
            if (library.isPresent()) {
                return library;
            }
        }
        return Optional.empty();
    }

    private Optional<Path> first(List<Path> candidates) throws IOException {
        for (Path candidate : candidates) {
            if (at(candidate).isPresent()) {
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }

    /**
     * Expands {@code $ORIGIN}, {@code $LIB} and {@code $PLATFORM}. Drops results that are not absolute, which depend on
     * the working directory.
     */
    private static List<Path> expand(String text, Path file) {
        if (text.chars().filter(c -> c == '$').count() > MAX_VARIABLES) {
            return List.of();
        }
        String origin =
                Optional.ofNullable(file.getParent()).map(Path::toString).orElse("/");
        String expanded = replace(replace(text, "ORIGIN", origin), "PLATFORM", PLATFORM);
        return LIB.stream()
                .map(lib -> replace(expanded, "LIB", lib))
                .distinct()
                .flatMap(path -> absolute(path).stream())
                .toList();
    }

    private static String replace(String text, String variable, String value) {
        return text.replace("${" + variable + "}", value).replace("$" + variable, value);
    }

    private static Optional<Path> absolute(String text) {
        try {
            return text.startsWith("/") && text.length() < MAX_PATH ? Optional.of(Path.of(text)) : Optional.empty();
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    /** The library at that path; empty if there is none, or it may not be opened. */
    private Optional<ElfFile> at(Path path) throws IOException {
        lookups++;
        if (lookups > MAX_LOOKUPS) {
            throw new RootfsException("the files that were copied name more than " + MAX_LOOKUPS + " libraries");
        }
        try (SourceFile file = SourceFile.open(path)) {
            if (!file.status().isRegularFile()) {
                return Optional.empty();
            }
            try (FileChannel content = file.read()) {
                return ElfFile.read(content).filter(ElfFile::library);
            }
        } catch (FileSystemException | MalformedElfException e) {
            // Missing, not readable for this process, behind another user's link, or not a library.
            return Optional.empty();
        }
    }

    /** Whether root installed the interpreter of a file, so that it can be taken as a loader of this host. */
    private boolean isLoader(Path path) throws IOException {
        try (TrustedPath file = TrustedPath.openOwned(path)) {
            FileStat status = file.status();
            return status.uid() == 0
                    && status.isRegularFile()
                    && LOADER_DIRECTORIES.stream().anyMatch(file.path()::startsWith)
                    && at(file.path()).isPresent();
        } catch (FileSystemException e) {
            return false;
        }
    }
}
