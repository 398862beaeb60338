package dev.nucleus.container;

import dev.nucleus.NucleusApplication;
import dev.nucleus.spec.*;
import java.nio.file.*;
import java.util.*;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;

@Tag("isolation")
class SmokeTest {
    @Test
    void smoke() throws Exception {
        Path dir = Files.createTempDirectory("nucleus-smoke");
        try (var context = new SpringApplicationBuilder(NucleusApplication.class).web(WebApplicationType.NONE)
                .run("--nucleus.state-dir=" + dir.resolve("s"), "--nucleus.run-dir=" + dir.resolve("r"))) {
            var containers = context.getBean(Containers.class);
            for (String cmd : List.of("id; ls -la / /dev /etc; cat /proc/self/status | grep -E 'Cap|Seccomp|NoNew'; touch /x; touch /tmp/y && echo ok; mount; ls /proc | head -3; cat /proc/kcore; hostname; ulimit -a; ls -la /proc/self/fd; cat /proc/self/cgroup", "exit 3", "kill -9 $$")) {
                var stopped = containers.run(new LaunchOrder(Optional.empty(), ContainerSpec.of(Mode.AGENT, List.of("sh", "-c", cmd)), Map.of(), Optional.empty(), true, false),
                    (s, b, o, l) -> { System.out.write(b, o, l); System.out.flush(); }, a -> System.out.println(a.container().state()));
                System.out.println("END " + stopped);
            }
            var spec = ContainerSpec.of(Mode.AGENT, List.of("/bin/true"));
            long[] start = new long[2000], end = new long[2000];
            for (int i = 0; i < 2000; i++) {
                long t = System.nanoTime();
                int k = i;
                containers.run(new LaunchOrder(Optional.empty(), spec, Map.of(), Optional.empty(), true, false), (s, b, o, l) -> {}, a -> start[k] = System.nanoTime() - t);
                end[i] = System.nanoTime() - t;
            }
            for (int from : new int[] {0, 1000}) {
                long[] a = Arrays.copyOfRange(start, from, from + 1000), b = Arrays.copyOfRange(end, from, from + 1000);
                Arrays.sort(a); Arrays.sort(b);
                System.out.printf("exec p50 %.2f p99 %.2f  exit p50 %.2f p99 %.2f ms%n", a[500] / 1e6, a[990] / 1e6, b[500] / 1e6, b[990] / 1e6);
            }
            var steps = new EnumMap<dev.nucleus.plan.LaunchStep, List<Long>>(dev.nucleus.plan.LaunchStep.class);
            for (int i = 0; i < 500; i++) {
                containers.run(new LaunchOrder(Optional.empty(), spec, Map.of(), Optional.empty(), true, false), (s, b, o, l) -> {}, a -> ((ContainerState.Running) a.container().state()).steps().forEach((k, v) -> steps.computeIfAbsent(k, x -> new ArrayList<>()).add(v.toNanos() / 1000)));
            }
            steps.forEach((k, v) -> { Collections.sort(v); System.out.println(k + " " + v.get(v.size() / 2)); });
            var order = new LaunchOrder(Optional.empty(), spec, Map.of(), Optional.empty(), true, false);
            long t0 = System.nanoTime(); for (int i = 0; i < 1000; i++) containers.plan(order); System.out.println("plan us " + (System.nanoTime() - t0) / 1e6);
            var pl = containers.plan(order);
            t0 = System.nanoTime(); for (int i = 0; i < 1000; i++) dev.nucleus.plan.PlanEncoder.encode(pl); System.out.println("encode us " + (System.nanoTime() - t0) / 1e6 + " bytes " + dev.nucleus.plan.PlanEncoder.encode(pl).remaining());
        }
    }
}
