/**
 * Communication with the privileged side: starts the spawner, launches containers through it, and sends requests to the
 * shim that supervises each. Knows frames and sockets; knows nothing of fleets or health.
 */
@NullMarked
package dev.nucleus.spawner;

import org.jspecify.annotations.NullMarked;
