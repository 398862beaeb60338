package dev.nucleus.learning;

import dev.nucleus.policy.SeccompProfile;
import dev.nucleus.policy.SeccompProfile.Condition;
import dev.nucleus.policy.SeccompProfile.Operator;
import dev.nucleus.policy.SeccompProfile.Rule;
import dev.nucleus.policy.SeccompProfiles;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.IntFunction;
import java.util.stream.Collectors;

/**
 * Derives the smallest set of system calls for a trace, limited to those that the bundled profiles allow, under the
 * same conditions on their arguments. Any other call of the workload is listed but not granted, so tracing a hostile
 * workload does not yield a policy that lets it escape.
 */
final class SeccompLearning {

    /** Needed to start, to exit, or to handle a signal, whether or not the trace contains it. */
    private static final Set<String> ALWAYS =
            Set.of("execve", "write", "exit", "exit_group", "rt_sigreturn", "restart_syscall");

    /**
     * Equivalent calls: a workload with one of them gains nothing from the others. A trace seldom contains all of them;
     * a database, for example, writes its log with a different call as the log grows.
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

    /**
     * Can make memory writable and executable at once, which only JIT compilers need: granted explicitly, and only if
     * observed.
     */
    private static final Set<String> MEMORY = Set.of("mmap", "mprotect", "pkey_mprotect");

    private static final Condition WRITABLE_CODE = new Condition(2, Operator.MASKED_EQUAL, 6, 6);
    private static final int ENOSYS = 38;
    private static final int EPERM = 1;

    /** Variants of a call that are listed as not granted; a workload can produce any number. */
    private static final int LISTED = 8;

    /** Reasons for not granting a call, if there is more to say than that no profile allows it. */
    private static final Map<String, String> REASONS = Map.ofEntries(
            Map.entry("ptrace", "it takes over other processes"),
            Map.entry("process_vm_readv", "it reads other processes' memory"),
            Map.entry("process_vm_writev", "it writes other processes' memory"),
            Map.entry("pidfd_getfd", "it takes other processes' descriptors"),
            Map.entry("mount", "mounts could uncover masked paths"),
            Map.entry("open_tree", "mounts could uncover masked paths"),
            Map.entry("open_tree_attr", "mounts could uncover masked paths"),
            Map.entry("listmount", "it lists mounts outside the container"),
            Map.entry("unshare", "new namespaces give capabilities over much of the kernel"),
            Map.entry("clone", "new namespaces give capabilities over much of the kernel"),
            Map.entry("setns", "it enters other namespaces"),
            Map.entry("bpf", "BPF programs in the kernel have often allowed an escape"),
            Map.entry("memfd_create", "it runs programs that are in no file"),
            Map.entry("memfd_secret", "memory that even the kernel can't read hides what runs there"),
            Map.entry("modify_ldt", "16-bit segments have often exposed kernel bugs"),
            Map.entry("name_to_handle_at", "with open_by_handle_at it opens files of the host by handle"),
            Map.entry("open_by_handle_at", "it opens files of the host by handle (CVE-2014-3519)"),
            Map.entry("fanotify_init", "it can block the file accesses of other processes"),
            Map.entry("personality", "it disables memory protections"),
            Map.entry("io_uring_setup", "its operations bypass every filter"),
            Map.entry("userfaultfd", "it makes races in the kernel easy to win"),
            Map.entry("keyctl", "keyrings are shared with the host"),
            Map.entry("perf_event_open", "it watches the kernel and other processes"));

    private final IntFunction<String> names;
    private final List<String> notes;

    /** For each call, the conditions under which some profile allows it; an empty list means always. */
    private final Map<String, Set<List<Condition>>> allowed = new TreeMap<>();

    SeccompLearning(IntFunction<String> names, List<String> notes) {
        this.names = names;
        this.notes = notes;
        for (String profile : SeccompProfiles.names()) {
            for (Rule rule : SeccompProfiles.named(profile).rules()) {
                if (rule.errno().isEmpty()) {
                    rule.names()
                            .forEach(name -> allowed.computeIfAbsent(name, _ -> new LinkedHashSet<>())
                                    .add(rule.conditions()));
                }
            }
        }
    }

    SeccompProfile learn(String profile, Trace trace) {
        var plain = new TreeSet<>(ALWAYS);
        SortedMap<String, Set<List<Condition>>> byArguments = new TreeMap<>();
        SortedMap<String, Set<String>> refused = new TreeMap<>();
        for (Trace.Call call : trace.calls()) {
            String name = names.apply(call.number());
            if (name.equals("clone3")) {
                // clone3 fails with ENOSYS, so that libc falls back to clone, whose flags a filter can read.
                byArguments.computeIfAbsent("clone", _ -> new LinkedHashSet<>()).addAll(conditionsOf("clone"));
                continue;
            }
            Set<List<Condition>> conditions = conditionsOf(name);
            List<List<Condition>> satisfied = conditions.stream()
                    .filter(all -> !all.isEmpty() && holds(all, call))
                    .toList();
            if (!satisfied.isEmpty()) {
                byArguments.computeIfAbsent(name, _ -> new LinkedHashSet<>()).addAll(satisfied);
            } else if (!conditions.contains(List.<Condition>of())) {
                refused.computeIfAbsent(name, _ -> new TreeSet<>()).add(described(name, call));
            } else if (MEMORY.contains(name)) {
                byArguments.computeIfAbsent(name, _ -> new LinkedHashSet<>()).add(List.of(WRITABLE_CODE));
            } else {
                plain.add(name);
            }
        }
        var rules = new ArrayList<Rule>();
        addForms(plain);
        rules.add(allow(List.copyOf(plain), List.of()));
        byArguments.forEach((name, granted) -> {
            addMemory(name, granted);
            granted.forEach(conditions -> rules.add(allow(List.of(name), conditions)));
        });
        if (byArguments.containsKey("clone")) {
            notes.add("clone: all flags except new namespaces, not only those that were seen");
        }
        rules.add(new Rule(List.of("clone3"), OptionalInt.of(ENOSYS), List.of()));
        refused.forEach(this::noteRefused);
        return new SeccompProfile(profile, EPERM, rules, List.of());
    }

    private Set<List<Condition>> conditionsOf(String name) {
        return allowed.getOrDefault(name, Set.of());
    }

    /** An argument that was not recorded satisfies no condition. */
    private static boolean holds(List<Condition> conditions, Trace.Call call) {
        return conditions.stream().allMatch(condition -> {
            Long argument = call.arguments().get(condition.index());
            return argument != null && condition.holds(argument);
        });
    }

    /**
     * Allows memory to be writable or executable, but not both, whichever was observed: a library that is mapped for
     * reading in one run may be mapped for execution in the next.
     */
    private void addMemory(String name, Set<List<Condition>> granted) {
        if (!MEMORY.contains(name)) {
            return;
        }
        if (granted.contains(List.of(WRITABLE_CODE))) {
            notes.add(name
                    + ": memory that is writable and executable at once was seen, as in JIT compilers, and is "
                    + "granted");
        }
        conditionsOf(name).stream().filter(conditions -> !conditions.isEmpty()).forEach(granted::add);
    }

    private static String described(String name, Trace.Call call) {
        return call.arguments().isEmpty()
                ? name
                : name
                        + call.arguments().entrySet().stream()
                                .map(entry -> "argument " + entry.getKey() + " 0x" + Long.toHexString(entry.getValue()))
                                .collect(Collectors.joining(", ", "(", ")"));
    }

    private void noteRefused(String name, Set<String> kinds) {
        String listed = kinds.stream().limit(LISTED).collect(Collectors.joining(", "));
        String more = kinds.size() > LISTED ? " and " + (kinds.size() - LISTED) + " other kinds" : "";
        notes.add("NOT granted, although attempted: " + listed + more + "; "
                + Objects.requireNonNullElse(
                        REASONS.get(name),
                        allowed.containsKey(name)
                                ? "no bundled profile allows it with these arguments"
                                : "no bundled profile allows it")
                + ". If the workload needs it, add it to the profile by hand");
    }

    private void addForms(Set<String> plain) {
        var added = new TreeSet<String>();
        FORMS.stream().filter(forms -> forms.stream().anyMatch(plain::contains)).forEach(added::addAll);
        added.removeAll(plain);
        added.removeIf(name -> !conditionsOf(name).contains(List.<Condition>of()));
        plain.addAll(added);
        if (!added.isEmpty()) {
            notes.add(String.join(", ", added) + ": not seen, but equivalent to calls that were, and no more powerful");
        }
    }

    private static Rule allow(List<String> names, List<Condition> conditions) {
        return new Rule(names, OptionalInt.empty(), conditions);
    }
}
