/** Nucleus, a manager of hardened containers and of fleets of them. */
@NullMarked
package dev.nucleus;

import org.jspecify.annotations.NullMarked;
