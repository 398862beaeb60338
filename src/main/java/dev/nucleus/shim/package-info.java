/**
 * The protocol of shims, which supervise one container each: requests (the spawner's included) and messages for launch,
 * signals, streams, exec and denials. Knows frames and sockets; knows nothing of fleets or health.
 */
@NullMarked
package dev.nucleus.shim;

import org.jspecify.annotations.NullMarked;
