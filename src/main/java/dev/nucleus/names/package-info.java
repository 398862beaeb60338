/** The names of containers: what they resolve to, and the server that answers for them. */
@NullMarked
package dev.nucleus.names;

import org.jspecify.annotations.NullMarked;
