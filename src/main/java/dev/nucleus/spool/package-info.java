/** Items that wait in memory until they are written to a disk or a database that may be unavailable. */
@NullMarked
package dev.nucleus.spool;

import org.jspecify.annotations.NullMarked;
