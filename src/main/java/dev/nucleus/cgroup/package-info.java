/**
 * Control groups of containers: their layout in both hierarchies, device rules, resource usage, and removal.
 */
@NullMarked
package dev.nucleus.cgroup;

import org.jspecify.annotations.NullMarked;
