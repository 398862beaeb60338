/**
 * The life cycle of containers: launch, state, record on disk, exec, stop, and adoption after a restart of the manager. Restarts
 * are decided in {@code fleet}.
 */
@NullMarked
package dev.nucleus.container;

import org.jspecify.annotations.NullMarked;
