/**
 * Copies directories into a container and, for a workspace, back: which names are excluded, what must be the same on
 * both sides, and what is never copied back from a hostile container. Knows nothing about containers themselves.
 */
@NullMarked
package dev.nucleus.workspace;

import org.jspecify.annotations.NullMarked;
