/**
 * Isolation layers, one bean each. A layer adds its part to a launch plan and describes in plain words what it means for the container.
 * Layers read the host and never change it.
 */
@NullMarked
package dev.nucleus.isolation;

import org.jspecify.annotations.NullMarked;
