/**
 * Requests to shims, which supervise one container each, and their messages: launch, signals, streams, exec, denials.
 * Knows frames and sockets; knows nothing of fleets or health.
 */
@NullMarked
package dev.nucleus.shim;

import org.jspecify.annotations.NullMarked;
