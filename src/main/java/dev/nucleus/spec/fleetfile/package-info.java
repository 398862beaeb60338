/**
 * Reads fleet files. All errors are reported at once, each with its file, line and column.
 */
@NullMarked
package dev.nucleus.spec.fleetfile;

import org.jspecify.annotations.NullMarked;
