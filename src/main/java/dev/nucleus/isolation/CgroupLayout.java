package dev.nucleus.isolation;

import dev.nucleus.kernel.CgroupHierarchies;
import dev.nucleus.plan.LaunchPlan.Cgroup;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.Cpus;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Where limits are written: one tree (v2), or one per controller (v1 and hybrid). */
sealed interface CgroupLayout {

    Cgroup plan(boolean required, String name, ContainerSpec spec);

    /** Every directory that a container of this name may have in it. */
    List<Path> directories(String name);

    /** What the directories of a container are called. */
    static String nameOf(String id) {
        return "nucleus-" + id;
    }

    static CgroupLayout of(CgroupHierarchies hierarchies) {
        return hierarchies.limitsAreUnified()
                ? new Unified(hierarchies.unified().orElseThrow())
                : new Legacy(hierarchies.legacy());
    }

    /** No control group at all. */
    static Cgroup none() {
        return new Cgroup(false, false, "", List.of(), List.of(), List.of());
    }

    /**
     * Where the memory controller begins to push back: a tenth below the limit, in whole bytes.
     */
    static long softLimit(long memory) {
        return memory - memory / 10;
    }

    /** Version 2 (Documentation/admin-guide/cgroup-v2.rst). */
    record Unified(Path root) implements CgroupLayout {

        @Override
        public List<Path> directories(String name) {
            return List.of(root.resolve(name));
        }

        @Override
        public Cgroup plan(boolean required, String name, ContainerSpec spec) {
            Path directory = root.resolve(name);
            var writes = new ArrayList<Cgroup.Write>();
            writes.add(new Cgroup.Write(root.resolve("cgroup.subtree_control").toString(), "+memory +pids +cpu"));
            spec.memory().ifPresent(memory -> {
                writes.add(write(directory, "memory.max", memory.bytes()));
                writes.add(write(directory, "memory.high", softLimit(memory.bytes())));
                writes.add(write(directory, "memory.swap.max", 0));
                writes.add(write(directory, "memory.oom.group", 1));
            });
            spec.cpus()
                    .ifPresent(cpus -> writes.add(new Cgroup.Write(
                            directory.resolve("cpu.max").toString(), cpus.quotaMicros() + " " + Cpus.PERIOD_MICROS)));
            if (spec.pids() > 0) {
                writes.add(write(directory, "pids.max", spec.pids()));
            }
            return new Cgroup(
                    required,
                    spec.memory().isPresent(),
                    directory.toString(),
                    List.of(directory.toString()),
                    writes,
                    List.of());
        }
    }

    /**
     * Version 1 (Documentation/admin-guide/cgroup-v1). Only hierarchies with something to limit are used: each
     * costs a directory and a migration at every launch.
     */
    record Legacy(Map<String, Path> controllers) implements CgroupLayout {

        @Override
        public List<Path> directories(String name) {
            return controllers.values().stream()
                    .distinct()
                    .map(mount -> mount.resolve(name))
                    .toList();
        }

        @Override
        public Cgroup plan(boolean required, String name, ContainerSpec spec) {
            var directories = new ArrayList<String>();
            var writes = new ArrayList<Cgroup.Write>();
            var joins = new ArrayList<String>();
            spec.memory()
                    .ifPresent(memory -> use("memory", name, directories, joins).ifPresent(directory -> {
                        writes.add(write(directory, "memory.limit_in_bytes", memory.bytes()));
                        writes.add(write(directory, "memory.soft_limit_in_bytes", softLimit(memory.bytes())));
                        writes.add(write(directory, "memory.swappiness", 0));
                    }));
            spec.cpus()
                    .ifPresent(cpus -> use("cpu", name, directories, joins).ifPresent(directory -> {
                        writes.add(write(directory, "cpu.cfs_period_us", Cpus.PERIOD_MICROS));
                        writes.add(write(directory, "cpu.cfs_quota_us", cpus.quotaMicros()));
                    }));
            if (spec.pids() > 0) {
                use("pids", name, directories, joins)
                        .ifPresent(directory -> writes.add(write(directory, "pids.max", spec.pids())));
            }
            return new Cgroup(required, spec.memory().isPresent(), "", directories, writes, joins);
        }

        private Optional<Path> use(String controller, String name, List<String> directories, List<String> joins) {
            Path mount = controllers.get(controller);
            if (mount == null) {
                return Optional.empty();
            }
            Path directory = mount.resolve(name);
            if (!directories.contains(directory.toString())) {
                directories.add(directory.toString());
                joins.add(directory.resolve("tasks").toString());
            }
            return Optional.of(directory);
        }
    }

    private static Cgroup.Write write(Path directory, String file, long value) {
        return new Cgroup.Write(directory.resolve(file).toString(), Long.toString(value));
    }
}
