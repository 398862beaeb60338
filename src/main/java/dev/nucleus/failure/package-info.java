/** The base class of exceptions whose messages are shown to an operator unchanged. */
@NullMarked
package dev.nucleus.failure;

import org.jspecify.annotations.NullMarked;
