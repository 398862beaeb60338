/**
 * The inputs of a launch plan: everything that is read from the host or reserved for the container before planning.
 * Apart from them, a plan depends only on the features of the host's kernel.
 */
@NullMarked
package dev.nucleus.preparation;

import org.jspecify.annotations.NullMarked;
