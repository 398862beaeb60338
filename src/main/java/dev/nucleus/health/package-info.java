/**
 * The fleets in Spring's health: contributors, groups, status mapping and the fleets endpoint.
 */
@NullMarked
package dev.nucleus.health;

import org.jspecify.annotations.NullMarked;
