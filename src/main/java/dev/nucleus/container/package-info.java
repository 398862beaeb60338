/**
 * The life cycle of containers: launch, state, record on disk, exec, stop, and adoption after a restart of the manager.
 * Package {@code fleet} decides on restarts.
 */
@NullMarked
package dev.nucleus.container;

import org.jspecify.annotations.NullMarked;
