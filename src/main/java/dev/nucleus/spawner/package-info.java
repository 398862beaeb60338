/**
 * The privileged side's entry: starts the spawner, reserves shims from it, and has it stop a container whose shim does
 * not answer.
 */
@NullMarked
package dev.nucleus.spawner;

import org.jspecify.annotations.NullMarked;
