/**
 * Policies learnt from what a workload did while it was traced: the smallest set of system calls, files, ports and capabilities
 * that it needs, each with what it allows beyond what was observed. Decides nothing for anybody: it writes files for people
 * to read. Free of Spring.
 */
@NullMarked
package dev.nucleus.learning;

import org.jspecify.annotations.NullMarked;
