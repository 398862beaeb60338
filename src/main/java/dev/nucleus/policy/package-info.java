/**
 * What a mode allows and completes, and the seccomp and capability policies by name. Decides; carries nothing
 * out. Free of Spring.
 */
@NullMarked
package dev.nucleus.policy;

import org.jspecify.annotations.NullMarked;
