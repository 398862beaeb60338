package dev.nucleus.stress;

import java.util.List;

/** What a process takes of its host. */
record Footprint(String name, int descriptors, int threads, long residentKib) {

    /**
     * Descriptors and threads come and go a few at a time: connections that are kept, threads of pools, two files of each of
     * the last eight commands that a shim ran inside.
     */
    private static final int FEW = 28;

    static Footprint of(String name, int pid) {
        return new Footprint(
                name, ProcessTable.descriptors(pid), ProcessTable.threads(pid), ProcessTable.residentKib(pid));
    }

    /** @param growthMib by how much its memory may have grown */
    void compare(Footprint before, int growthMib, Findings findings) {
        findings.figure(before + "  →  " + this);
        findings.check(
                descriptors <= before.descriptors() + FEW && threads <= before.threads() + FEW,
                "descriptors or threads are left: " + before + ", after the load " + this);
        findings.check(
                residentKib <= before.residentKib() + growthMib * 1024L,
                "memory grew by more than " + growthMib + " MiB: " + before + ", after the load " + this);
    }

    @Override
    public String toString() {
        return String.join(
                ", ", List.of(name, descriptors + " descriptors", threads + " threads", residentKib / 1024 + " MiB"));
    }
}
