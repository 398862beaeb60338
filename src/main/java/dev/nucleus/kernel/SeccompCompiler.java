package dev.nucleus.kernel;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.OptionalInt;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;

/**
 * Compiles system-call rules to a BPF program with libseccomp, for this machine's architecture only: calls of any other
 * (x32, i386) are refused. The program is a binary tree over the call numbers.
 */
public final class SeccompCompiler {

    /**
     * One rule.
     *
     * @param syscall its name
     * @param errno empty: the call is allowed; else it is not executed and fails with this error number, or appears to
     *     succeed if that is 0
     */
    public record Rule(String syscall, OptionalInt errno, List<Comparison> comparisons) {}

    /** A comparison of an argument, in libseccomp's numbers. */
    public record Comparison(int index, int operator, long first, long second) {}

    private static final int ALLOW = 0x7fff0000;
    private static final int ERRNO = 0x00050000;
    /** The kernel's limit (linux/err.h). */
    private static final int MAX_ERRNO = 4095;

    private static final int ATTRIBUTE_BAD_ARCHITECTURE = 2;
    private static final int ATTRIBUTE_NO_NEW_PRIVS = 3;
    private static final int ATTRIBUTE_OPTIMIZE = 8;
    private static final int BINARY_TREE = 2;
    private static final int NOTIFY = 0x7fc00000;
    private static final int NATIVE_ARCHITECTURE = 0xc000003e;
    private static final int COMPARISON_BYTES = 24;
    private static final int MAX_PROGRAM = 65_535 * 8;

    private final Libseccomp library;

    private SeccompCompiler(Libseccomp library) {
        this.library = library;
    }

    /**
     * @throws KernelException when libseccomp is not installed
     */
    public static SeccompCompiler load() {
        try {
            return new SeccompCompiler(Libseccomp.load());
        } catch (UnsatisfiedLinkError e) {
            throw new KernelException(
                    "libseccomp.so.2 can't be loaded; on Debian: apt-get install libseccomp2 (" + e.getMessage() + ")");
        }
    }

    /** The names that are not system calls of this machine. */
    public List<String> unknown(Collection<String> names) {
        return names.stream()
                .filter(name -> number(name).isEmpty())
                .distinct()
                .sorted()
                .toList();
    }

    /** The number of a call on this machine. */
    public OptionalInt number(String name) {
        int number = library.seccomp_syscall_resolve_name(name);
        return number >= 0 ? OptionalInt.of(number) : NewerSyscalls.number(name);
    }

    /** The name of a call, or its number as text if no name is known. */
    public String name(int number) {
        Pointer name = library.seccomp_syscall_resolve_num_arch(NATIVE_ARCHITECTURE, number);
        if (name == null) {
            return NewerSyscalls.name(number).orElse("system call " + number);
        }
        try {
            return name.getString(0);
        } finally {
            Libc.INSTANCE.free(name);
        }
    }

    /**
     * @param fallbackErrno error number of calls without a rule; empty: a listener decides (seccomp_unotify(2)), also
     *     on calls of another architecture
     * @return an array of struct sock_filter
     * @throws KernelException when a call is unknown or a rule contradicts another
     */
    public byte[] compile(OptionalInt fallbackErrno, List<Rule> rules) {
        int fallback = fallbackErrno.isPresent() ? refusal(fallbackErrno.getAsInt()) : NOTIFY;
        int foreign = fallbackErrno.isPresent() ? refusal(1) : NOTIFY;
        Pointer context = library.seccomp_init(fallback);
        if (context == null) {
            throw new KernelException("seccomp_init failed");
        }
        try {
            check("bad architecture", library.seccomp_attr_set(context, ATTRIBUTE_BAD_ARCHITECTURE, foreign));
            check("no_new_privs", library.seccomp_attr_set(context, ATTRIBUTE_NO_NEW_PRIVS, 0));
            check("binary tree", library.seccomp_attr_set(context, ATTRIBUTE_OPTIMIZE, BINARY_TREE));
            rules.forEach(rule -> add(context, rule));
            return export(context);
        } finally {
            library.seccomp_release(context);
        }
    }

    private void add(Pointer context, Rule rule) {
        int number = number(rule.syscall())
                .orElseThrow(() -> new KernelException("there is no system call '" + rule.syscall() + "'"));
        int count = rule.comparisons().size();
        Pointer arguments = Memory.allocateDirect(Runtime.getSystemRuntime(), Math.max(1, count) * COMPARISON_BYTES);
        for (int i = 0; i < count; i++) {
            Comparison comparison = rule.comparisons().get(i);
            long at = (long) i * COMPARISON_BYTES;
            arguments.putInt(at, comparison.index());
            arguments.putInt(at + 4, comparison.operator());
            arguments.putLong(at + 8, comparison.first());
            arguments.putLong(at + 16, comparison.second());
        }
        int action = rule.errno().isEmpty() ? ALLOW : refusal(rule.errno().getAsInt());
        check("rule for " + rule.syscall(), library.seccomp_rule_add_array(context, action, number, count, arguments));
    }

    /** A larger number would overlap the bits of the action, and could change it. */
    private static int refusal(int errno) {
        if (errno < 0 || errno > MAX_ERRNO) {
            throw new KernelException("the error number of a filter must be 0 to " + MAX_ERRNO + ", was " + errno);
        }
        return ERRNO | errno;
    }

    private byte[] export(Pointer context) {
        int fd = Libc.INSTANCE.memfd_create("seccomp", 1);
        if (fd < 0) {
            throw new KernelException("memfd_create failed");
        }
        try {
            check("export", library.seccomp_export_bpf(context, fd));
            var buffer = new byte[MAX_PROGRAM];
            long length = Libc.INSTANCE.pread(fd, buffer, buffer.length, 0);
            if (length <= 0 || length % 8 != 0) {
                throw new KernelException("the exported seccomp program has " + length + " bytes");
            }
            return Arrays.copyOf(buffer, (int) length);
        } finally {
            Libc.INSTANCE.close(fd);
        }
    }

    private static void check(String what, int result) {
        if (result < 0) {
            throw new KernelException("libseccomp refused the " + what + ": error " + -result);
        }
    }
}
