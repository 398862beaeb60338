/**
 * Container logs: the CRI format, reading, following, and the stream from the shim.
 */
@NullMarked
package dev.nucleus.log;

import org.jspecify.annotations.NullMarked;
