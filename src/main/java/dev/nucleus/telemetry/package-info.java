/**
 * Micrometer meters of the resource usage of containers, the status of replicas and the durations of launches and
 * probes, and a trace of each launch. Names follow OpenTelemetry's conventions for containers; those without a
 * counterpart there begin with {@code nucleus.}.
 */
@NullMarked
package dev.nucleus.telemetry;

import org.jspecify.annotations.NullMarked;
