/**
 * What a user can ask for, as validated records with their units. The rules of a mode are in {@code policy}; how a request is
 * carried out, in {@code plan}.
 */
@NullMarked
package dev.nucleus.spec;

import org.jspecify.annotations.NullMarked;
