/**
 * Reads fleet files. Each mistake is reported with its file, line and column, and all of them at once.
 */
@NullMarked
package dev.nucleus.spec.fleetfile;

import org.jspecify.annotations.NullMarked;
