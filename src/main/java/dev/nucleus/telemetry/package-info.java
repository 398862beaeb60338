/**
 * What is measured: Micrometer meters of what containers use, how replicas fare, how long launches and probes take; and a
 * trace of each launch. Names are OpenTelemetry's for containers where it has one, {@code nucleus.…} where it has none.
 */
@NullMarked
package dev.nucleus.telemetry;

import org.jspecify.annotations.NullMarked;
