/**
 * The kernel and the C libraries, through JNR-FFI, and what this host's kernel can do. Small interfaces per
 * library; no native type leaves this package.
 */
@NullMarked
package dev.nucleus.kernel;

import org.jspecify.annotations.NullMarked;
