/**
 * Isolation layers, one bean each. A layer adds its part to a launch plan and describes in plain words what it means for
 * the container. On the same kernel the same prepared launch gives the same plan: layers read nothing of the host, and
 * reserve nothing.
 */
@NullMarked
package dev.nucleus.isolation;

import org.jspecify.annotations.NullMarked;
