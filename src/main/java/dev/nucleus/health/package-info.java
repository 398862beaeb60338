/**
 * The fleets in Spring's health: contributors, groups with their HTTP status codes, and the fleets endpoint.
 */
@NullMarked
package dev.nucleus.health;

import org.jspecify.annotations.NullMarked;
