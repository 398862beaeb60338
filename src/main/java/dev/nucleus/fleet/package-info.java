/**
 * Fleets: what is desired, and the supervisors that keep it so: dependencies, restarts and their back-off, adoption of
 * what an earlier manager left.
 */
@NullMarked
package dev.nucleus.fleet;

import org.jspecify.annotations.NullMarked;
