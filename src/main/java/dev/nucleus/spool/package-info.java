/** Work that waits in memory until it has been written to a disk or a database that may be away. */
@NullMarked
package dev.nucleus.spool;

import org.jspecify.annotations.NullMarked;
