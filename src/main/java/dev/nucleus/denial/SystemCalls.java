package dev.nucleus.denial;

import dev.nucleus.kernel.SeccompCompiler;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.springframework.stereotype.Component;

/** System calls in words: their names, the operations attempted with them, and what their denial prevents. */
@Component
public final class SystemCalls {

    private static final long X86_64 = 0xc000003eL;
    private static final int X32_BIT = 0x40000000;

    private static final Map<Long, String> FAMILIES = Map.ofEntries(
            Map.entry(1L, "AF_UNIX"),
            Map.entry(2L, "AF_INET"),
            Map.entry(3L, "AF_AX25"),
            Map.entry(10L, "AF_INET6"),
            Map.entry(15L, "AF_KEY"),
            Map.entry(16L, "AF_NETLINK"),
            Map.entry(17L, "AF_PACKET"),
            Map.entry(29L, "AF_CAN"),
            Map.entry(31L, "AF_BLUETOOTH"),
            Map.entry(38L, "AF_ALG"),
            Map.entry(40L, "AF_VSOCK"),
            Map.entry(44L, "AF_XDP"));

    private static final Map<Long, String> NAMESPACES = namespaces();

    /** By the call's name; a call that isn't here is refused because no rule of the profile names it. */
    private static final Map<String, String> REASONS = Map.ofEntries(
            Map.entry("ptrace", "a debugger could take over other processes"),
            Map.entry("process_vm_readv", "it reads other processes' memory"),
            Map.entry("process_vm_writev", "it writes other processes' memory"),
            Map.entry("mount", "mounts could uncover what is hidden"),
            Map.entry("umount2", "mounts could uncover what is hidden"),
            Map.entry("unshare", "new namespaces give capabilities over much of the kernel"),
            Map.entry("setns", "it enters namespaces of others"),
            Map.entry("clone", "new namespaces give capabilities over much of the kernel"),
            Map.entry("bpf", "programs inside the kernel have often broken out"),
            Map.entry("perf_event_open", "it watches the kernel and other processes"),
            Map.entry("userfaultfd", "it makes races in the kernel easy to win"),
            Map.entry("io_uring_setup", "its operations bypass this filter"),
            Map.entry("memfd_create", "with execveat it runs programs that no file holds"),
            Map.entry("execveat", "on a descriptor it runs programs that no file holds"),
            Map.entry("mprotect", "writable and executable memory is how injected code runs"),
            Map.entry("mmap", "writable and executable memory is how injected code runs"),
            Map.entry("keyctl", "keyrings are shared with the host"),
            Map.entry("add_key", "keyrings are shared with the host"),
            Map.entry("request_key", "keyrings are shared with the host"),
            Map.entry("chroot", "chroot is how processes escape from a chroot jail"),
            Map.entry("pivot_root", "it changes the root directory"),
            Map.entry("init_module", "it loads code into the kernel"),
            Map.entry("finit_module", "it loads code into the kernel"),
            Map.entry("kexec_load", "it replaces the kernel"),
            Map.entry("reboot", "it stops the host"),
            Map.entry("syslog", "the kernel log reveals addresses and activity of other containers"),
            Map.entry("socketpair", "families other than AF_UNIX reach little-maintained parts of the kernel"),
            Map.entry("fcntl", "a lease delays processes that open the file on the host"),
            Map.entry("madvise", "merged memory reveals the contents of other processes' memory"),
            Map.entry("shmat", "writable and executable memory is how injected code runs"),
            Map.entry("prctl", "it changes how a process ends, and what watches it"),
            Map.entry("personality", "it turns protections of memory off"),
            Map.entry("open_by_handle_at", "it opens files of the host by number (CVE-2014-3519)"));

    /** Operations that the profiles refuse, for calls whose first or second argument selects the operation. */
    private static final Map<String, Map<Long, String>> COMMANDS = Map.of(
            "prctl",
            Map.ofEntries(
                    Map.entry(1L, "PR_SET_PDEATHSIG"),
                    Map.entry(4L, "PR_SET_DUMPABLE"),
                    Map.entry(8L, "PR_SET_KEEPCAPS"),
                    Map.entry(22L, "PR_SET_SECCOMP"),
                    Map.entry(24L, "PR_CAPBSET_DROP"),
                    Map.entry(28L, "PR_SET_SECUREBITS"),
                    Map.entry(29L, "PR_SET_TIMERSLACK"),
                    Map.entry(35L, "PR_SET_MM"),
                    Map.entry(36L, "PR_SET_CHILD_SUBREAPER"),
                    Map.entry(47L, "PR_CAP_AMBIENT"),
                    Map.entry(52L, "PR_GET_SPECULATION_CTRL"),
                    Map.entry(53L, "PR_SET_SPECULATION_CTRL"),
                    Map.entry(59L, "PR_SET_SYSCALL_USER_DISPATCH"),
                    Map.entry(62L, "PR_SCHED_CORE"),
                    Map.entry(65L, "PR_SET_MDWE"),
                    Map.entry(0x59616d61L, "PR_SET_PTRACER")),
            "fcntl",
            Map.of(1024L, "F_SETLEASE", 1025L, "F_GETLEASE", 1026L, "F_NOTIFY"),
            "madvise",
            Map.of(12L, "MADV_MERGEABLE", 13L, "MADV_UNMERGEABLE", 100L, "MADV_HWPOISON", 101L, "MADV_SOFT_OFFLINE"),
            "bpf",
            Map.of(0L, "BPF_MAP_CREATE", 5L, "BPF_PROG_LOAD", 6L, "BPF_OBJ_PIN", 7L, "BPF_OBJ_GET"));

    private final SeccompCompiler compiler;

    SystemCalls(SeccompCompiler compiler) {
        this.compiler = compiler;
    }

    private static Map<Long, String> namespaces() {
        var flags = new LinkedHashMap<Long, String>();
        flags.put(0x10000000L, "CLONE_NEWUSER");
        flags.put(0x00020000L, "CLONE_NEWNS");
        flags.put(0x40000000L, "CLONE_NEWNET");
        flags.put(0x20000000L, "CLONE_NEWPID");
        flags.put(0x04000000L, "CLONE_NEWUTS");
        flags.put(0x08000000L, "CLONE_NEWIPC");
        flags.put(0x02000000L, "CLONE_NEWCGROUP");
        return flags;
    }

    /** The call's name; for an architecture other than this machine's, its number and the architecture. */
    public String name(long architecture, int number) {
        if (architecture != X86_64) {
            return "32-bit system call " + number;
        }
        if ((number & X32_BIT) != 0) {
            return "x32 system call " + (number & ~X32_BIT);
        }
        return compiler.name(number);
    }

    /** The name of a call of this machine's own architecture. */
    public String name(int number) {
        return compiler.name(number);
    }

    /** The argument that selects the operation, in words, such as {@code AF_NETLINK}; empty when the call has none. */
    public Optional<String> argument(String call, long argument) {
        return switch (call) {
            case "socket", "socketpair" ->
                Optional.of(FAMILIES.getOrDefault(argument & 0xffffffffL, "family " + argument));
            case "clone", "unshare" -> Optional.of(namespaces(argument)).filter(text -> !text.isEmpty());
            case "ioctl" -> Optional.of(IoctlRequests.name(argument).orElseGet(() -> hexadecimal(argument)));
            case "prctl", "bpf", "fcntl", "madvise" ->
                Optional.of(COMMANDS.getOrDefault(call, Map.of())
                        .getOrDefault(argument & 0xffffffffL, hexadecimal(argument)));
            case "personality", "shmat" -> Optional.of(hexadecimal(argument));
            case "chmod", "fchmod", "fchmodat", "creat", "mkdir", "mkdirat", "mknod", "mknodat" ->
                Optional.of("0%o".formatted(argument & 07777)).filter(_ -> (argument & 06000) != 0);
            case "mmap", "mprotect", "pkey_mprotect" ->
                Optional.of(((argument & 1) != 0 ? "r" : "-")
                        + ((argument & 2) != 0 ? "w" : "-")
                        + ((argument & 4) != 0 ? "x" : "-"));
            default -> Optional.empty();
        };
    }

    private static String hexadecimal(long argument) {
        return "0x" + Long.toHexString(argument);
    }

    private static String namespaces(long flags) {
        return NAMESPACES.entrySet().stream()
                .filter(flag -> (flags & flag.getKey()) != 0)
                .map(Map.Entry::getValue)
                .collect(Collectors.joining("|"));
    }

    /**
     * The harm that a denial prevents, as a clause.
     *
     * @param argument the argument that selects the operation, as in {@link #argument}
     */
    public String reason(String call, long argument) {
        if (call.equals("ioctl")) {
            return IoctlRequests.reason(argument);
        }
        if (call.contains(" ")) {
            return "calls of other architectures have numbers that the filter's rules don't cover";
        }
        return REASONS.getOrDefault(call, "the profile doesn't name it");
    }
}
