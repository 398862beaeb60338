/**
 * Isolation layers, one bean each. A layer adds its part to a launch plan and describes its effect on the container in
 * plain words. Layers read nothing from the host and reserve nothing: on the same kernel, the same prepared launch
 * gives the same plan.
 */
@NullMarked
package dev.nucleus.isolation;

import org.jspecify.annotations.NullMarked;
