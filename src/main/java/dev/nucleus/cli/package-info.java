/**
 * The command line: a unix socket, its peers checked, on which the thin native client sends its arguments; the commands
 * run here, in the manager. Thin: no decisions.
 */
@NullMarked
package dev.nucleus.cli;

import org.jspecify.annotations.NullMarked;
