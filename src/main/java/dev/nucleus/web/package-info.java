/**
 * The dashboard: server-rendered pages, updated live by server-sent events. It is read-only. Until there are accounts
 * it is bound to the loopback address.
 */
@NullMarked
package dev.nucleus.web;

import org.jspecify.annotations.NullMarked;
