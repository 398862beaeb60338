/**
 * Directories that are copied into a container and, for a workspace, back: what is left out, what must be the same on
 * both sides, and what of hostile work is never brought back. Knows no container.
 */
@NullMarked
package dev.nucleus.workspace;

import org.jspecify.annotations.NullMarked;
