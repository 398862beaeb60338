package dev.nucleus.startup;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Replaces this process with one that runs the prepared jar, with the same PID and arguments: an AOT cache can only be
 * selected on the command line of a JVM, and {@code java -jar nucleus.jar} has to be enough.
 *
 * <p>execve(2) is called through java.lang.foreign, not JNR: this JVM is replaced a moment later, and loading JNR takes
 * longer than everything else it does.
 */
public final class PreparedStart {

    /** The system property that disables it when {@code false}. */
    public static final String SWITCH = "nucleus.prepared-start";

    private static final String LOCALE_VARIABLE = "LC_ALL";

    private static final String LOCALE = "C.UTF-8";

    private PreparedStart() {}

    /**
     * Does not return when the jar is prepared. Returns when it is not, when the prepared jar runs already, or when
     * this is disabled by {@code -Dnucleus.prepared-start=false}.
     */
    public static void replaceThisProcess(Class<?> application) {
        if (Boolean.parseBoolean(System.getProperty(SWITCH, "true"))) {
            nestedJar(application).ifPresent(PreparedStart::replaceThisProcess);
        }
    }

    private static void replaceThisProcess(Path jar) {
        PreparedJar prepared = PreparedJar.of(jar);
        try {
            if (!namesFilesInUtf8() && !LOCALE.equals(System.getenv(LOCALE_VARIABLE))) {
                setLocale();
                if (!prepared.present()) {
                    JarCommandLine.ofThisProcess(jar).ifPresent(line -> execute(line.again(jar)));
                }
            }
            if (!prepared.present()) {
                return;
            }
            Optional<String> reason = prepared.rejectionReason();
            if (reason.isPresent()) {
                System.err.println("nucleus: starts slowly, as " + reason.get() + "; to prepare it again: java -jar "
                        + jar + " prepare");
                return;
            }
            JarCommandLine.ofThisProcess(jar)
                    .filter(line -> !line.configuresClassDataSharing())
                    .ifPresent(line -> execute(line.prepared(prepared)));
        } catch (IOException e) {
            System.err.println("nucleus: starts slowly, as " + prepared.directory() + " can't be read: " + e);
        }
    }

    /**
     * Whether file names are encoded in UTF-8. A JVM uses the encoding of its locale; in the C locale it can name only
     * ASCII files.
     */
    private static boolean namesFilesInUtf8() {
        return "UTF-8".equals(System.getProperty("sun.jnu.encoding"));
    }

    private static void setLocale() {
        Linker linker = Linker.nativeLinker();
        var setenv = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("setenv"),
                FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
        try (Arena arena = Arena.ofConfined()) {
            int _ = (int) setenv.invokeExact(arena.allocateFrom(LOCALE_VARIABLE), arena.allocateFrom(LOCALE), 1);
        } catch (Throwable e) {
            throw new IllegalStateException("setenv", e);
        }
    }

    /** The executable jar that contains the application's classes; empty when they come from elsewhere. */
    static Optional<Path> nestedJar(Class<?> application) {
        String location =
                application.getProtectionDomain().getCodeSource().getLocation().toString();
        String start = "jar:nested:";
        int end = location.indexOf("/!");
        return location.startsWith(start) && end > 0
                ? Optional.of(Path.of(location.substring(start.length(), end)))
                : Optional.empty();
    }

    /** Replaces this process. Returns only on failure, which it reports. */
    private static void execute(List<String> words) {
        Linker linker = Linker.nativeLinker();
        var execv = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("execv"), FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment arguments = arena.allocate(ADDRESS, words.size() + 1L);
            for (int i = 0; i < words.size(); i++) {
                arguments.setAtIndex(ADDRESS, i, arena.allocateFrom(words.get(i)));
            }
            int _ = (int) execv.invokeExact(arguments.getAtIndex(ADDRESS, 0), arguments);
            System.err.println("nucleus: starts slowly, as " + words.getFirst() + " can't be executed");
        } catch (Throwable e) {
            throw new IllegalStateException("execv", e);
        }
    }
}
