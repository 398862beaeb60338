/** The manager's own settings: where its files are. Fleets are files of their own. */
@NullMarked
package dev.nucleus.settings;

import org.jspecify.annotations.NullMarked;
