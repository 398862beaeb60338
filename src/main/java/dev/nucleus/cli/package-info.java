/**
 * The command line: commands of the thin native client, received over a unix socket with checked peers and run in the
 * manager. Decides nothing itself.
 */
@NullMarked
package dev.nucleus.cli;

import org.jspecify.annotations.NullMarked;
