/**
 * Whether containers are well: probes and their thresholds, replicas' statuses, and all of it as Spring's health. What
 * follows from a bad answer is decided elsewhere ({@code fleet}).
 */
@NullMarked
package dev.nucleus.health;

import org.jspecify.annotations.NullMarked;
