/**
 * Denials by seccomp and Landlock, the latter read from the kernel's audit records, and the names of system calls and
 * ioctl requests.
 */
@NullMarked
package dev.nucleus.denial;

import org.jspecify.annotations.NullMarked;
