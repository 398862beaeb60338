package dev.nucleus.learning;

import dev.nucleus.policy.SeccompProfile;
import dev.nucleus.policy.SeccompProfile.Condition;
import dev.nucleus.policy.SeccompProfile.Operator;
import dev.nucleus.policy.SeccompProfile.Rule;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.IntFunction;

/** The least system calls for a trace. */
final class SeccompLearning {

    /** Needed to start or end, or whenever a signal comes, whether the run showed it or not. */
    private static final Set<String> ALWAYS =
            Set.of("execve", "write", "exit", "exit_group", "rt_sigreturn", "restart_syscall");

    /** Seen or not, nobody learns these: they are how containers are left. */
    private static final Set<String> NEVER = Set.of(
            "ptrace",
            "process_vm_readv",
            "process_vm_writev",
            "kcmp",
            "add_key",
            "keyctl",
            "request_key",
            "bpf",
            "perf_event_open",
            "userfaultfd",
            "kexec_load",
            "kexec_file_load",
            "mount",
            "umount2",
            "move_mount",
            "open_tree",
            "fsopen",
            "fsconfig",
            "fsmount",
            "fspick",
            "mount_setattr",
            "pivot_root",
            "chroot",
            "unshare",
            "setns",
            "open_by_handle_at",
            "io_uring_setup",
            "io_uring_enter",
            "io_uring_register",
            "init_module",
            "finit_module",
            "delete_module",
            "reboot",
            "swapon",
            "swapoff",
            "settimeofday",
            "clock_settime",
            "adjtimex",
            "iopl",
            "ioperm",
            "syslog",
            "acct",
            "quotactl",
            "seccomp");

    /**
     * Other forms of the same: who may make one of them can do no more with the others. A run seldom shows all, as a
     * database that writes its log in another form when that grows.
     */
    private static final List<Set<String>> FORMS = List.of(
            Set.of("read", "readv", "pread64", "preadv", "preadv2"),
            Set.of("write", "writev", "pwrite64", "pwritev", "pwritev2"),
            Set.of("stat", "fstat", "lstat", "newfstatat", "statx"),
            Set.of("open", "openat"),
            Set.of("access", "faccessat", "faccessat2"),
            Set.of("poll", "ppoll", "select", "pselect6"),
            Set.of("epoll_wait", "epoll_pwait", "epoll_pwait2"),
            Set.of("dup", "dup2", "dup3"),
            Set.of("fsync", "fdatasync", "sync_file_range"),
            Set.of("nanosleep", "clock_nanosleep"),
            Set.of("rename", "renameat", "renameat2"),
            Set.of("unlink", "unlinkat", "rmdir"),
            Set.of("getdents", "getdents64"),
            Set.of("truncate", "ftruncate", "fallocate"),
            Set.of("accept", "accept4"),
            Set.of("kill", "tgkill"),
            Set.of("wait4", "waitid"));

    /** Each value of an argument that was seen is a rule of its own: the call, and which argument. */
    private static final SortedMap<String, Integer> BY_VALUE =
            new TreeMap<>(java.util.Map.of("socket", 0, "ioctl", 1, "prctl", 0, "personality", 0));

    /** Flags of namespaces (clone(2)), all of them. */
    private static final long NEW_NAMESPACES = 0x7e020000L;

    private static final long WRITE_AND_EXECUTE = 6;
    private static final long AT_EMPTY_PATH = 0x1000;
    private static final int ENOSYS = 38;
    private static final int EPERM = 1;

    private final IntFunction<String> names;
    private final List<String> notes;

    SeccompLearning(IntFunction<String> names, List<String> notes) {
        this.names = names;
        this.notes = notes;
    }

    SeccompProfile learn(String profile, Trace trace) {
        var plain = new TreeSet<>(ALWAYS);
        var refused = new TreeSet<String>();
        var byValue = new TreeMap<String, TreeSet<Long>>();
        boolean clones = false;
        boolean writableCode = false;
        var memory = new TreeSet<String>();
        boolean executesDescriptors = false;
        for (Trace.Call call : trace.calls()) {
            String name = names.apply(call.number());
            switch (name) {
                case "clone", "clone3" -> {
                    clones = true;
                    if (name.equals("clone") && (call.argument() & NEW_NAMESPACES) != 0) {
                        refused.add("clone with new namespaces");
                    }
                }
                case "mmap", "mprotect", "pkey_mprotect" -> {
                    memory.add(name);
                    writableCode |= (call.argument() & WRITE_AND_EXECUTE) == WRITE_AND_EXECUTE;
                }
                case "execveat" -> executesDescriptors = true;
                default -> {
                    if (NEVER.contains(name)) {
                        refused.add(name);
                    } else if (BY_VALUE.containsKey(name)) {
                        byValue.computeIfAbsent(name, _ -> new TreeSet<>()).add(call.argument() & 0xffffffffL);
                    } else {
                        plain.add(name);
                    }
                }
            }
        }
        var rules = new ArrayList<Rule>();
        noteAlways(trace);
        addForms(plain);
        rules.add(allow(List.copyOf(plain)));
        byValue.forEach((name, values) -> values.forEach(value -> rules.add(
                allow(List.of(name), new Condition(BY_VALUE.getOrDefault(name, 0), Operator.EQUAL, value, 0)))));
        if (clones) {
            rules.add(allow(List.of("clone"), new Condition(0, Operator.MASKED_EQUAL, NEW_NAMESPACES, 0)));
            notes.add("clone: any but with new namespaces, beyond the flags that were seen");
        }
        memory(rules, List.copyOf(memory), writableCode);
        if (executesDescriptors) {
            rules.add(allow(List.of("execveat"), new Condition(4, Operator.MASKED_EQUAL, AT_EMPTY_PATH, 0)));
        }
        rules.add(new Rule(List.of("clone3"), OptionalInt.of(ENOSYS), List.of()));
        refused.forEach(name -> notes.add("NOT granted, though it was tried: " + name
                + "; it is how containers are left. If the workload can't do without, it needs another way"));
        return new SeccompProfile(profile, EPERM, rules, List.of());
    }

    private void addForms(TreeSet<String> plain) {
        var added = new TreeSet<String>();
        FORMS.stream().filter(forms -> forms.stream().anyMatch(plain::contains)).forEach(added::addAll);
        added.removeAll(plain);
        plain.addAll(added);
        if (!added.isEmpty()) {
            notes.add(String.join(", ", added) + ": not seen, other forms of calls that were, with no more power");
        }
    }

    private void noteAlways(Trace trace) {
        var seen = new TreeSet<String>();
        trace.numbers().forEach(number -> seen.add(names.apply(number)));
        var beyond = new TreeSet<>(ALWAYS);
        beyond.removeAll(seen);
        beyond.removeAll(Set.of("write", "exit_group"));
        if (!beyond.isEmpty()) {
            notes.add(String.join(", ", beyond) + ": not seen, and needed when a signal comes or a thread ends");
        }
    }

    private void memory(List<Rule> rules, List<String> names, boolean writableCode) {
        if (names.isEmpty()) {
            return;
        }
        if (writableCode) {
            // Said in so many words: allowed by name alone, the default profile's filters would be merged in again.
            rules.add(allow(names, new Condition(2, Operator.MASKED_EQUAL, WRITE_AND_EXECUTE, WRITE_AND_EXECUTE)));
            notes.add(
                    String.join(", ", names)
                            + ": memory to write and to execute at once was seen, as compilers at run time have it, and is granted");
        }
        rules.add(allow(names, new Condition(2, Operator.MASKED_EQUAL, 2, 0)));
        rules.add(allow(names, new Condition(2, Operator.MASKED_EQUAL, 4, 0)));
    }

    private static Rule allow(List<String> names, Condition... conditions) {
        return new Rule(names, OptionalInt.empty(), List.of(conditions));
    }
}
