/** The base of all exceptions that are reported to an operator as they are. */
@NullMarked
package dev.nucleus.failure;

import org.jspecify.annotations.NullMarked;
