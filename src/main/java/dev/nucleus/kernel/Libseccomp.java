package dev.nucleus.kernel;

import jnr.ffi.LibraryLoader;
import jnr.ffi.Pointer;

/**
 * The functions of libseccomp 2.5 that are used (seccomp_init(3), seccomp_rule_add(3), seccomp_export_bpf(3)). Public
 * for JNR.
 */
public interface Libseccomp {

    /** Loads by soname: the link without a version belongs to the development package. */
    static Libseccomp load() {
        return LibraryLoader.create(Libseccomp.class).failImmediately().load("libseccomp.so.2");
    }

    Pointer seccomp_init(int defaultAction);

    void seccomp_release(Pointer context);

    int seccomp_attr_set(Pointer context, int attribute, int value);

    int seccomp_syscall_resolve_name(String name);

    /** @return a string that the caller frees by free(3), or null */
    Pointer seccomp_syscall_resolve_num_arch(int architecture, int number);

    /** @param arguments struct scmp_arg_cmp[count], 24 bytes each */
    int seccomp_rule_add_array(Pointer context, int action, int syscall, int count, Pointer arguments);

    int seccomp_export_bpf(Pointer context, int fd);
}
