/**
 * The life of containers: launch, state, record on disk, logs, exec, stop, and adoption after the manager was away.
 * When to restart one is not decided here ({@code fleet}), nor whether it is healthy ({@code health}).
 */
@NullMarked
package dev.nucleus.container;

import org.jspecify.annotations.NullMarked;
