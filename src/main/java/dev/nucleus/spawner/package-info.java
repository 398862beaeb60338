/**
 * Talks to the privileged side: starts and reaches the spawner, launches containers through it, and speaks with the
 * shim that supervises each. Knows frames and sockets; knows nothing of fleets or health.
 */
@NullMarked
package dev.nucleus.spawner;

import org.jspecify.annotations.NullMarked;
