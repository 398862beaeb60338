/** What this host has and lacks of what containers need, and how to change it. */
@NullMarked
package dev.nucleus.diagnosis;

import org.jspecify.annotations.NullMarked;
