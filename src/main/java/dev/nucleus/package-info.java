/** Nucleus, the manager of hardened containers and of the fleets made of them. */
@NullMarked
package dev.nucleus;

import org.jspecify.annotations.NullMarked;
