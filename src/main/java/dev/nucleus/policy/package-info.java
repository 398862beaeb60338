/**
 * The rules of each mode, and the seccomp, Landlock and capability policies. Decides, but carries nothing out. Free of
 * Spring.
 */
@NullMarked
package dev.nucleus.policy;

import org.jspecify.annotations.NullMarked;
