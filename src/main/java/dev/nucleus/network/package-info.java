/** Networks of containers: addresses, links, policies and published ports, and the helper that applies them. */
@NullMarked
package dev.nucleus.network;

import org.jspecify.annotations.NullMarked;
