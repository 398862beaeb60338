/**
 * What was denied to containers, by seccomp, Landlock and the audit log of the kernel, and the names of the system calls and requests.
 */
@NullMarked
package dev.nucleus.denial;

import org.jspecify.annotations.NullMarked;
