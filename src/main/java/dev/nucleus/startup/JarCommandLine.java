package dev.nucleus.startup;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The command line {@code java [options] -jar nucleus.jar [arguments]}.
 *
 * @param java the running executable, {@code /proc/self/exe}
 * @param options of the JVM
 * @param arguments of the application
 */
record JarCommandLine(Path java, List<String> options, List<String> arguments) {

    JarCommandLine {
        options = List.copyOf(options);
        arguments = List.copyOf(arguments);
    }

    /**
     * The command line of this process, proc_pid_cmdline(5); empty when it was not started by {@code -jar} with that
     * jar.
     */
    static Optional<JarCommandLine> ofThisProcess(Path jar) throws IOException {
        String words = Files.readString(Path.of("/proc/self/cmdline"), StandardCharsets.UTF_8);
        return parse(Path.of("/proc/self/exe").toRealPath(), List.of(words.split("\0", -1)), jar);
    }

    private static final String COLLECTOR = "-XX:+UseSerialGC";

    /** JVM options of a prepared start, and of the training run that prepares it. */
    static final List<String> JVM_OPTIONS = List.of("-XX:TieredStopAtLevel=1", COLLECTOR, "-Xms128m");

    /** @param words the program's name and its arguments, each terminated by a NUL, so that the last is empty */
    static Optional<JarCommandLine> parse(Path java, List<String> words, Path jar) throws IOException {
        int flag = words.indexOf("-jar");
        if (flag < 1 || flag + 1 >= words.size() - 1 || !Files.isSameFile(Path.of(words.get(flag + 1)), jar)) {
            return Optional.empty();
        }
        return Optional.of(new JarCommandLine(java, words.subList(1, flag), words.subList(flag + 2, words.size() - 1)));
    }

    /** Whether the options already configure class data sharing, with which further options for it would conflict. */
    boolean configuresClassDataSharing() {
        return options.stream()
                .anyMatch(option -> option.startsWith("-Xshare")
                        || option.startsWith("-XX:AOT")
                        || option.startsWith("-XX:SharedArchiveFile")
                        || option.startsWith("-XX:ArchiveClassesAtExit")
                        || option.contains("AutoCreateSharedArchive"));
    }

    /** The same start, from the jar itself. */
    List<String> again(Path jar) {
        var words = new ArrayList<String>();
        words.add(java.toString());
        words.addAll(options);
        words.add("-jar");
        words.add(jar.toString());
        words.addAll(arguments);
        return words;
    }

    /**
     * The same start from the prepared jar. The operator's options come last, so they take precedence.
     *
     * <p>The C1 compiler alone is enough for what a manager does, and leaves CPU time to the startup; the serial
     * collector, starting with a small heap, uses the least memory.
     */
    List<String> prepared(PreparedJar prepared) {
        var words = new ArrayList<String>();
        words.add(java.toString());
        words.add("-XX:AOTCache=" + prepared.cache());
        words.addAll(JVM_OPTIONS);
        // Selecting two collectors is an error, whatever their order.
        if (options.stream().anyMatch(option -> option.matches("-XX:\\+Use\\w+GC"))) {
            words.remove(COLLECTOR);
        }
        words.addAll(options);
        words.add("-jar");
        words.add(prepared.classes().toString());
        words.addAll(arguments);
        return words;
    }
}
