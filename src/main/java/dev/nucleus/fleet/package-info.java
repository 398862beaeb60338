/**
 * Fleets: their desired state, the model of a replica and its status, and the supervision that keeps the two together:
 * dependencies, restarts with back-off, and adoption of containers that an earlier manager started.
 */
@NullMarked
package dev.nucleus.fleet;

import org.jspecify.annotations.NullMarked;
