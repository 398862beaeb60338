/**
 * What is measured, as Micrometer meters: what containers use, how replicas fare, how long launches and probes take. Names
 * are OpenTelemetry's for containers where it has one, {@code nucleus.…} where it has none.
 */
@NullMarked
package dev.nucleus.metrics;

import org.jspecify.annotations.NullMarked;
