/**
 * What a user can request, as validated records with their units. The rules of each mode are in {@code policy}; how a
 * request is carried out is in {@code plan}.
 */
@NullMarked
package dev.nucleus.spec;

import org.jspecify.annotations.NullMarked;
