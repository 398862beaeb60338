package dev.nucleus.learning;

import dev.nucleus.policy.LandlockPolicy;
import dev.nucleus.policy.LandlockPolicy.Access;
import dev.nucleus.spec.Port;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.IntFunction;

/** Derives the smallest Landlock policy that covers a trace. */
final class LandlockLearning {

    private static final int O_ACCMODE = 3;
    private static final int O_WRONLY = 1;
    private static final int O_CREAT = 0x40;
    private static final int O_TRUNC = 0x200;
    private static final int O_DIRECTORY = 0x10000;
    private static final int O_PATH = 0x200000;

    private static final int MIN_ABI = 3;
    private static final int PORTS_ABI = 4;

    private static final int INTERPRETERS = 5;

    /** The number of files in one directory from which one rule covers the directory. */
    private static final int MANY = 12;

    /** Below these directories each file gets its own rule, however many there are. */
    private static final List<String> GUARDED =
            List.of("/etc", "/run/secrets", "/root", "/home", "/var/run", "/run", "/sys", "/boot");

    private static final Set<String> GUARDED_ENDINGS = Set.of(".pem", ".key", ".p12", ".pfx", ".jks", ".sock");

    private final IntFunction<String> names;
    private final TracedEnvironment surroundings;
    private final List<String> notes;
    private final SortedMap<String, EnumSet<Access>> rules = new TreeMap<>();
    private int unwritable;

    LandlockLearning(IntFunction<String> names, TracedEnvironment surroundings, List<String> notes) {
        this.names = names;
        this.surroundings = surroundings;
        this.notes = notes;
    }

    LandlockPolicy learn(Trace trace) {
        trace.paths().forEach(this::use);
        if (unwritable > 0) {
            notes.add("NOT granted, although attempted: " + unwritable
                    + " files whose names the manager's locale can't represent; start the manager with LANG=C.UTF-8");
        }
        Map<String, EnumSet<Access>> gathered = gather();
        var bind = new TreeSet<Integer>();
        var connect = new TreeSet<Integer>();
        for (Trace.Address address : trace.addresses()) {
            if (address.port() > 0) {
                (names.apply(address.number()).equals("bind") ? bind : connect).add(address.port());
            }
        }
        return new LandlockPolicy(
                Math.max(MIN_ABI, PORTS_ABI),
                gathered.entrySet().stream()
                        .map(entry -> new LandlockPolicy.Rule(entry.getKey(), entry.getValue()))
                        .toList(),
                Optional.of(ports(bind)),
                Optional.of(ports(connect)));
    }

    private static List<Port> ports(Set<Integer> numbers) {
        return numbers.stream().map(Port::new).toList();
    }

    private void use(Trace.Use use) {
        Path path;
        try {
            path = Path.of(use.path()).normalize();
        } catch (InvalidPathException e) {
            // Not representable in the manager's encoding of file names (file.encoding, sun.jnu.encoding).
            unwritable++;
            return;
        }
        switch (names.apply(use.number())) {
            case "execve", "execveat" -> execute(path);
            case "open", "openat", "openat2" -> open(path, use.flags());
            case "creat" -> open(path, O_WRONLY | O_CREAT | O_TRUNC);
            case "truncate" -> grant(path, EnumSet.of(Access.WRITE));
            case "mkdir", "mkdirat", "mknod", "mknodat", "symlink", "symlinkat", "link", "linkat", "bind" ->
                grant(folder(path), EnumSet.of(Access.CREATE));
            case "unlink", "unlinkat", "rmdir" -> grant(folder(path), EnumSet.of(Access.REMOVE));
            case "rename", "renameat", "renameat2" -> grant(folder(path), EnumSet.of(Access.CREATE, Access.REMOVE));
            default -> {
                // Landlock does not control connecting to a socket file.
            }
        }
    }

    private static Path folder(Path path) {
        Path parent = path.getParent();
        return parent == null ? path : parent;
    }

    private void open(Path path, int flags) {
        if ((flags & O_PATH) != 0) {
            return;
        }
        boolean directory = (flags & O_DIRECTORY) != 0 || surroundings.directory(path);
        EnumSet<Access> access = EnumSet.noneOf(Access.class);
        switch (flags & O_ACCMODE) {
            case 0 -> access.add(directory ? Access.READDIR : Access.READ);
            case O_WRONLY -> access.add(Access.WRITE);
            default -> {
                access.add(Access.READ);
                access.add(Access.WRITE);
            }
        }
        if ((flags & O_TRUNC) != 0) {
            access.add(Access.WRITE);
        }
        if ((flags & O_CREAT) != 0) {
            access.add(Access.CREATE);
        }
        grant(path, access);
    }

    /**
     * The kernel also opens what runs a program: its loader, or the interpreter of a script, which may itself be a
     * script, at most five levels deep (exec_binprm in fs/exec.c).
     */
    private void execute(Path program) {
        Optional<Path> next = Optional.of(program);
        for (int depth = 0; depth <= INTERPRETERS && next.isPresent(); depth++) {
            Path path = next.get().normalize();
            if (surroundings.writable(path).isEmpty() && !surroundings.regular(path)) {
                return;
            }
            grant(path, EnumSet.of(Access.READ, Access.EXECUTE));
            next = surroundings.interpreter(path);
        }
    }

    /**
     * A writable path becomes a rule for its mount, whose content is empty or unknown when the next container starts.
     */
    private void grant(Path path, EnumSet<Access> access) {
        Optional<String> writable = surroundings.writable(path);
        if (writable.isPresent()) {
            add(writable.get(), access);
            return;
        }
        if (path.startsWith("/proc")) {
            add("/proc", EnumSet.of(access.contains(Access.READDIR) ? Access.READDIR : Access.READ));
            return;
        }
        // Looked up but missing: there is nothing to grant, and it could not be created either.
        if (!surroundings.exists(path)) {
            return;
        }
        access.remove(Access.CREATE);
        access.remove(Access.REMOVE);
        if (!path.startsWith("/dev")) {
            access.remove(Access.WRITE);
        }
        // A rule for a directory covers everything below it, and a directory can be opened only to list its names.
        if (surroundings.directory(path)) {
            access.retainAll(EnumSet.of(Access.READDIR));
        }
        if (!access.isEmpty()) {
            add(path.toString(), access);
        }
    }

    private void add(String path, EnumSet<Access> access) {
        rules.computeIfAbsent(path, _ -> EnumSet.noneOf(Access.class)).addAll(access);
    }

    /** Replaces the rules for many files of one directory by a rule for the directory, unless it is guarded. */
    private Map<String, EnumSet<Access>> gather() {
        var files = new TreeMap<String, TreeSet<String>>();
        for (String path : rules.keySet()) {
            Path parent = Path.of(path).getParent();
            if (parent != null
                    && parent.getNameCount() > 0
                    && !guarded(path)
                    && surroundings.exists(Path.of(path))
                    && !surroundings.directory(Path.of(path))) {
                files.computeIfAbsent(parent.toString(), _ -> new TreeSet<>()).add(path);
            }
        }
        var gathered = new TreeMap<>(rules);
        files.forEach((directory, names) -> {
            if (names.size() >= MANY) {
                var access = EnumSet.noneOf(Access.class);
                names.forEach(name -> access.addAll(gathered.remove(name)));
                gathered.computeIfAbsent(directory, _ -> EnumSet.noneOf(Access.class))
                        .addAll(access);
                notes.add(directory + ": " + words(access) + " for everything below it; " + names.size()
                        + " of its files were used");
            }
        });
        surroundings.writableTargets().stream()
                .filter(gathered::containsKey)
                .forEach(target -> notes.add(target + ": "
                        + words(Objects.requireNonNull(gathered.get(target)))
                        + " for everything below it, which starts empty or belongs to the container"));
        gathered.forEach((path, access) -> {
            if (access.contains(Access.READDIR) && guarded(path)) {
                notes.add(path + ": listing of everything below it, because the workload lists it; no other access");
            }
        });
        if (gathered.containsKey("/proc")) {
            notes.add("/proc: read for all processes of the container; dangerous files are masked");
        }
        return gathered;
    }

    private static String words(Set<Access> access) {
        return String.join(", ", access.stream().sorted().map(Access::toString).toList());
    }

    private static boolean guarded(String path) {
        return GUARDED.stream().anyMatch(root -> Path.of(path).startsWith(root))
                || path.startsWith("/dev")
                || GUARDED_ENDINGS.stream().anyMatch(path::endsWith);
    }
}
