/** The order in which the parts of the manager start and stop. */
@NullMarked
package dev.nucleus.lifecycle;

import org.jspecify.annotations.NullMarked;
