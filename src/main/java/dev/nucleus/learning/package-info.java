/**
 * Policies learnt from what a workload did while it was traced: the least system calls, files, ports and capabilities
 * it can do with, each with what it grants beyond what was seen. Decides nothing for anybody: it writes files for people
 * to read. Free of Spring.
 */
@NullMarked
package dev.nucleus.learning;

import org.jspecify.annotations.NullMarked;
