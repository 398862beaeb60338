/**
 * Entry point to the privileged side: starts the spawner, reserves shims from it, and requests a forced stop of a
 * container whose shim does not answer.
 */
@NullMarked
package dev.nucleus.spawner;

import org.jspecify.annotations.NullMarked;
