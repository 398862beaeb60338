/** The manager's own settings, such as the locations of its files. Fleets are declared in separate files. */
@NullMarked
package dev.nucleus.settings;

import org.jspecify.annotations.NullMarked;
