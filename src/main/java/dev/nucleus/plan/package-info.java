/**
 * The launch plan: everything decided about one container before anything is done, as plain values that can be
 * shown, compared and explained; and its encoding for the spawner. Free of Spring.
 */
@NullMarked
package dev.nucleus.plan;

import org.jspecify.annotations.NullMarked;
