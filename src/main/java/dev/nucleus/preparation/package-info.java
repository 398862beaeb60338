/**
 * What a launch is planned from: everything that is read from the host, and what is reserved for the container, before its
 * plan is made. A plan then depends on nothing else but the features of the host's kernel.
 */
@NullMarked
package dev.nucleus.preparation;

import org.jspecify.annotations.NullMarked;
