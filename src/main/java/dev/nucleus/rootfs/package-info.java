/** Root filesystems as directories: built from the host's programs, and attested by a manifest of what is in them. */
@NullMarked
package dev.nucleus.rootfs;

import org.jspecify.annotations.NullMarked;
