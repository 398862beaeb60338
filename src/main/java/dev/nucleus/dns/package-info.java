/** DNS for containers: their names, and the server that answers for them. */
@NullMarked
package dev.nucleus.dns;

import org.jspecify.annotations.NullMarked;
