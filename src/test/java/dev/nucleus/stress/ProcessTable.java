package dev.nucleus.stress;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** The processes of this machine, from proc(5), except those that exit while they are read. */
final class ProcessTable {

    private static final Path PROC = Path.of("/proc");

    private ProcessTable() {}

    /**
     * @param state as in proc_pid_stat(5), {@code Z}: a zombie
     * @param cgroups the text of its cgroup file
     */
    record Entry(int pid, int parent, char state, String name, String cgroups) {

        boolean isZombie() {
            return state == 'Z';
        }

        @Override
        public String toString() {
            return pid + " " + name + " (" + state + ", parent " + parent + ")";
        }
    }

    static List<Entry> all() {
        return matching(_ -> true);
    }

    /** Processes with a variable, written {@code NAME=value}, in their initial environment. */
    static List<Entry> withVariable(String variable) {
        String wanted = "\0" + variable + "\0";
        return matching(process -> ("\0" + text(process.resolve("environ"))).contains(wanted));
    }

    /** Processes whose arguments name a directory, as those of a spawner do, and with them those of its shims. */
    static List<Entry> withArgumentIn(Path directory) {
        String wanted = directory + "/";
        return matching(process -> text(process.resolve("cmdline")).contains(wanted));
    }

    static Optional<Entry> of(int pid) {
        return entry(PROC.resolve(Integer.toString(pid)));
    }

    private static List<Entry> matching(Predicate<Path> wanted) {
        var found = new ArrayList<Entry>();
        try (Stream<Path> entries = Files.list(PROC)) {
            for (Path process : entries.toList()) {
                if (Character.isDigit(process.getFileName().toString().charAt(0)) && wanted.test(process)) {
                    entry(process).ifPresent(found::add);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return found;
    }

    private static Optional<Entry> entry(Path process) {
        String stat = text(process.resolve("stat"));
        int name = stat.indexOf('(');
        int end = stat.lastIndexOf(')');
        if (name < 0 || end < name) {
            return Optional.empty();
        }
        String[] rest = stat.substring(end + 2).split(" ");
        return Optional.of(new Entry(
                Integer.parseInt(stat.substring(0, name - 1)),
                Integer.parseInt(rest[1]),
                rest[0].charAt(0),
                stat.substring(name + 1, end),
                text(process.resolve("cgroup"))));
    }

    /** The number of descriptors a process has open. */
    static int descriptors(int pid) {
        return children(PROC.resolve(pid + "/fd"));
    }

    /** The number of a process's descriptors that hold a namespace open. */
    static long namespaceDescriptors(int pid) {
        try (Stream<Path> entries = Files.list(PROC.resolve(pid + "/fd"))) {
            return entries.filter(entry -> target(entry).matches("(mnt|net|pid|user|ipc|uts|cgroup):\\[.*"))
                    .count();
        } catch (IOException e) {
            return 0;
        }
    }

    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException e) {
            return "";
        }
    }

    static int threads(int pid) {
        return children(PROC.resolve(pid + "/task"));
    }

    private static int children(Path directory) {
        try (Stream<Path> entries = Files.list(directory)) {
            return (int) entries.count();
        } catch (IOException e) {
            return -1;
        }
    }

    /** Resident memory in KiB; 0 when the process has exited. */
    static long residentKib(int pid) {
        return text(PROC.resolve(pid + "/status"))
                .lines()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElse(0);
    }

    private static String text(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }
}
