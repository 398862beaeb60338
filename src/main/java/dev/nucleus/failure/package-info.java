/** What happens when something fails or takes too long: exceptions whose messages are shown unchanged, and deadlines. */
@NullMarked
package dev.nucleus.failure;

import org.jspecify.annotations.NullMarked;
