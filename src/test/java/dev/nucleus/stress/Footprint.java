package dev.nucleus.stress;

import java.util.List;

/** The resources of its host that a process uses. */
record Footprint(String name, int descriptors, int threads, long residentKib) {

    /**
     * Allowance for varying numbers of descriptors and threads: connections that are kept open, pool threads, two files
     * for each of the last eight commands that a shim ran in its container.
     */
    private static final int FEW = 28;

    static Footprint of(String name, int pid) {
        return new Footprint(
                name, ProcessTable.descriptors(pid), ProcessTable.threads(pid), ProcessTable.residentKib(pid));
    }

    /** @param growthMib by how much the memory may have grown */
    void compare(Footprint before, int growthMib, Findings findings) {
        findings.figure(before + "  →  " + this);
        findings.check(
                descriptors <= before.descriptors() + FEW && threads <= before.threads() + FEW,
                "descriptors or threads leaked: " + before + ", after the load " + this);
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
