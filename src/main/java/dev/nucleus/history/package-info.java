/**
 * The history, kept beyond a restart of the manager: every transition of a replica with its cause, in a database, and
 * the availability of services compared with their objectives. Health does not depend on it: without the database the
 * manager keeps running and reports that its history has gaps.
 */
@NullMarked
package dev.nucleus.history;

import org.jspecify.annotations.NullMarked;
