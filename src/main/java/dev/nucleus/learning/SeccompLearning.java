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
 * The least system calls for a trace, of those that the profiles that come with Nucleus allow, under the conditions that
 * these have for their arguments. Whatever else the workload did is listed and not granted: a workload that was hostile
 * while it was traced learns nothing that breaks out.
 */
final class SeccompLearning {

    /** Needed to start or end, or whenever a signal comes, whether the run showed it or not. */
    private static final Set<String> ALWAYS =
            Set.of("execve", "write", "exit", "exit_group", "rt_sigreturn", "restart_syscall");

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

    /** Memory to write and to execute at once is compilers' alone: allowed where it was seen, in so many words. */
    private static final Set<String> MEMORY = Set.of("mmap", "mprotect", "pkey_mprotect");

    private static final Condition WRITABLE_CODE = new Condition(2, Operator.MASKED_EQUAL, 6, 6);
    private static final int ENOSYS = 38;
    private static final int EPERM = 1;

    /** Kinds of a call that are listed as not granted; a workload can make up any number. */
    private static final int LISTED = 8;

    /** Why, where there is more to say than that no profile allows it. */
    private static final Map<String, String> REASONS = Map.ofEntries(
            Map.entry("ptrace", "it takes over other processes"),
            Map.entry("process_vm_readv", "it reads other processes' memory"),
            Map.entry("process_vm_writev", "it writes other processes' memory"),
            Map.entry("pidfd_getfd", "it takes other processes' descriptors"),
            Map.entry("mount", "mounts could uncover what is hidden"),
            Map.entry("open_tree", "mounts could uncover what is hidden"),
            Map.entry("open_tree_attr", "mounts could uncover what is hidden"),
            Map.entry("listmount", "it lists mounts that are none of the container's business"),
            Map.entry("unshare", "new namespaces give capabilities over much of the kernel"),
            Map.entry("clone", "new namespaces give capabilities over much of the kernel"),
            Map.entry("setns", "it enters namespaces of others"),
            Map.entry("bpf", "programs inside the kernel have often broken out"),
            Map.entry("memfd_create", "it runs programs that no file holds"),
            Map.entry("memfd_secret", "memory that not even the kernel reads hides what runs there"),
            Map.entry("modify_ldt", "segments of 16 bits have often broken the kernel"),
            Map.entry("name_to_handle_at", "with open_by_handle_at it opens files of the host by number"),
            Map.entry("open_by_handle_at", "it opens files of the host by number (CVE-2014-3519)"),
            Map.entry("fanotify_init", "it holds up what others do with files"),
            Map.entry("personality", "it turns protections of memory off"),
            Map.entry("io_uring_setup", "its operations pass by every filter"),
            Map.entry("userfaultfd", "it makes races in the kernel easy to win"),
            Map.entry("keyctl", "keyrings are shared with the host"),
            Map.entry("perf_event_open", "it watches the kernel and other processes"));

    private final IntFunction<String> names;
    private final List<String> notes;

    /** By call, the conditions under which some profile allows it; an empty list: always. */
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
                // Answered ENOSYS, whereupon libc takes clone, whose flags can be seen.
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
        noteAlways(trace);
        addForms(plain);
        rules.add(allow(List.copyOf(plain), List.of()));
        byArguments.forEach((name, granted) -> {
            addMemory(name, granted);
            granted.forEach(conditions -> rules.add(allow(List.of(name), conditions)));
        });
        if (byArguments.containsKey("clone")) {
            notes.add("clone: any but with new namespaces, beyond the flags that were seen");
        }
        rules.add(new Rule(List.of("clone3"), OptionalInt.of(ENOSYS), List.of()));
        refused.forEach(this::noteRefused);
        return new SeccompProfile(profile, EPERM, rules, List.of());
    }

    private Set<List<Condition>> conditionsOf(String name) {
        return allowed.getOrDefault(name, Set.of());
    }

    /** An argument that was not recorded satisfies nothing. */
    private static boolean holds(List<Condition> conditions, Trace.Call call) {
        return conditions.stream().allMatch(condition -> {
            Long argument = call.arguments().get(condition.index());
            return argument != null && condition.holds(argument);
        });
    }

    /** A library that is mapped to be read today is mapped to be executed tomorrow: one or the other, never both. */
    private void addMemory(String name, Set<List<Condition>> granted) {
        if (!MEMORY.contains(name)) {
            return;
        }
        if (granted.contains(List.of(WRITABLE_CODE))) {
            notes.add(name
                    + ": memory to write and to execute at once was seen, as compilers at run time have it, and is "
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
        notes.add("NOT granted, though it was tried: " + listed + more + "; "
                + Objects.requireNonNullElse(
                        REASONS.get(name),
                        allowed.containsKey(name)
                                ? "no profile that comes with Nucleus allows it with these arguments"
                                : "no profile that comes with Nucleus allows it")
                + ". If the workload can't do without, write it into the profile yourself");
    }

    private void addForms(Set<String> plain) {
        var added = new TreeSet<String>();
        FORMS.stream().filter(forms -> forms.stream().anyMatch(plain::contains)).forEach(added::addAll);
        added.removeAll(plain);
        added.removeIf(name -> !conditionsOf(name).contains(List.<Condition>of()));
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

    private static Rule allow(List<String> names, List<Condition> conditions) {
        return new Rule(names, OptionalInt.empty(), conditions);
    }
}
