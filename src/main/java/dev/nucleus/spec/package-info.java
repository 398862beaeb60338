/**
 * What a user asks for: validated records, their units, and the reader of fleet files, whose every
 * error has a file, a line and a column. What a mode allows is not here ({@code policy}), nor how a
 * wish is carried out ({@code plan}). Free of Spring.
 */
@NullMarked
package dev.nucleus.spec;

import org.jspecify.annotations.NullMarked;
