/** Before Spring: how {@code java -jar nucleus.jar} starts quickly. */
@NullMarked
package dev.nucleus.startup;

import org.jspecify.annotations.NullMarked;
