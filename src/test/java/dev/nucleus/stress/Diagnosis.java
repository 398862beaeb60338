package dev.nucleus.stress;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Records what a manager and its containers were doing when something hung. */
final class Diagnosis {

    private static final Path JCMD = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    private static final int TIMEOUT_SECONDS = 20;

    private final Path dumps;
    private final AtomicInteger number = new AtomicInteger();

    /** @param dumps the directory of the dumps, kept after the run */
    Diagnosis(Path dumps) {
        this.dumps = dumps;
    }

    /**
     * Dumps the manager's threads, platform and virtual, and every process below it.
     *
     * @param variable in the environment of its workloads
     * @param directory named in the arguments of its spawner and shims
     * @return the file's path
     */
    Path dump(String what, ProcessHandle manager, String variable, Path directory) {
        try {
            Files.createDirectories(dumps);
            Path threads = dumps.resolve("threads-" + number.incrementAndGet() + ".txt");
            var text = new StringBuilder(what).append("\n\n");
            var processes = new ArrayList<>(ProcessTable.withVariable(variable));
            processes.addAll(ProcessTable.withArgumentIn(directory));
            for (ProcessTable.Entry process : processes) {
                text.append(process).append('\n');
                for (String file : List.of("wchan", "stack", "syscall")) {
                    text.append("  ")
                            .append(file)
                            .append(": ")
                            .append(read(process.pid(), file))
                            .append('\n');
                }
            }
            text.append(jcmd(manager, "Thread.print", "-l"));
            jcmd(manager, "Thread.dump_to_file", threads.toString());
            if (Files.exists(threads)) {
                text.append(Files.readString(threads));
            }
            return Files.writeString(threads, text, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The names of a process's virtual threads. */
    List<String> virtualThreads(ProcessHandle manager) {
        try {
            Files.createDirectories(dumps);
            Path file = dumps.resolve("virtual-threads-" + number.incrementAndGet() + ".txt");
            jcmd(manager, "Thread.dump_to_file", file.toString());
            List<String> names = Files.readString(file)
                    .lines()
                    .filter(line -> line.startsWith("#") && line.contains(" virtual"))
                    .map(line -> line.replaceAll("^#\\d+ \"(.*?)-?\\d*\".*$", "$1"))
                    .sorted()
                    .toList();
            Files.delete(file);
            return names;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Collects garbage, so that only memory in use remains. */
    void collectGarbage(ProcessHandle manager) {
        jcmd(manager, "GC.run");
    }

    void keep(Path file, String name) throws IOException {
        Files.createDirectories(dumps);
        Files.copy(file, dumps.resolve(name), StandardCopyOption.REPLACE_EXISTING);
    }

    private static String read(int pid, String file) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/" + file)).strip();
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static String jcmd(ProcessHandle manager, String... words) {
        var command = new ArrayList<>(List.of(JCMD.toString(), Long.toString(manager.pid())));
        command.addAll(List.of(words));
        Path output = null;
        try {
            output = Files.createTempFile("jcmd", ".txt");
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
            String text = Files.readString(output);
            Files.delete(output);
            return text;
        } catch (IOException e) {
            return e.toString();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "interrupted; see " + output;
        }
    }
}
