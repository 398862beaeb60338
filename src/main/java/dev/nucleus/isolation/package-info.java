/**
 * One bean per isolation layer. Each adds its part to a launch plan and says, in plain words, what that means
 * for the container. They read the host; they change nothing.
 */
@NullMarked
package dev.nucleus.isolation;

import org.jspecify.annotations.NullMarked;
