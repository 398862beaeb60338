/**
 * The audit trail: which user did what to which container, as JSON lines that each contain the hash of the line before,
 * so that later changes and removals are detected.
 */
@NullMarked
package dev.nucleus.audit;

import org.jspecify.annotations.NullMarked;
