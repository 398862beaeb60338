/** Untrusted text, escaped for logs, terminals and pages. Depends on nothing else of Nucleus. */
@NullMarked
package dev.nucleus.text;

import org.jspecify.annotations.NullMarked;
