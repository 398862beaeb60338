/**
 * Executes probes: their schedule, the HTTP and gRPC exchanges, and their results. What a result means for a replica is
 * decided in {@code fleet}.
 */
@NullMarked
package dev.nucleus.probe;

import org.jspecify.annotations.NullMarked;
