/**
 * The dashboard: pages rendered here, kept live by server-sent events. Reads; changes nothing. Until there are accounts
 * it is bound to the loopback address.
 */
@NullMarked
package dev.nucleus.web;

import org.jspecify.annotations.NullMarked;
