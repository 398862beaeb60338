/** Lets published ports and names follow the containers that serve. */
@NullMarked
package dev.nucleus.serving;

import org.jspecify.annotations.NullMarked;
