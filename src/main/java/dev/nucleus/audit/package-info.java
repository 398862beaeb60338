/**
 * What was done, by whom and to which container, as lines of JSON that each carry the hash of the one before: what is changed
 * or taken out later shows.
 */
@NullMarked
package dev.nucleus.audit;

import org.jspecify.annotations.NullMarked;
