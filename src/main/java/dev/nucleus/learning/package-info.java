/**
 * Policies learnt from what a workload did while it was traced: the smallest set of system calls, files, ports and
 * capabilities that it needs, each with what it allows beyond what was observed. Writes files for people to review, and
 * applies none of them. Does not use Spring.
 */
@NullMarked
package dev.nucleus.learning;

import org.jspecify.annotations.NullMarked;
