/** The fast start of {@code java -jar nucleus.jar}, before Spring. */
@NullMarked
package dev.nucleus.startup;

import org.jspecify.annotations.NullMarked;
