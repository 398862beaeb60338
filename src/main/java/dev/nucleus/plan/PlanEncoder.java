package dev.nucleus.plan;

import dev.nucleus.plan.RootfsStep.Owners;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/** Encodes a plan for the spawner; the counterpart of native/src/launch/plan.c. */
public final class PlanEncoder {

    private static final int MAGIC = 0x5043554e;
    private static final int VERSION = 12;
    private static final byte[] NOTHING = {};
    private static final int OPTIONAL = 1;
    private static final int MAPPED = 2;
    private static final int TRY_MAPPED = 4;
    private static final int OWNED = 8;
    private static final int SERVED = 16;
    private static final int NAMED = 32;
    private static final int IMAGE = 64;
    private static final int TYPICAL_BYTES = 16_384;

    private PlanEncoder() {}

    /**
     * @param record data about the container that the manager reads again after its own restart; opaque to all others
     */
    public static ByteBuffer encode(LaunchPlan plan, byte[] record) {
        return encode(plan, record, new byte[0]);
    }

    /** @param ticket ticket of the client that the streams are for; empty: none */
    public static ByteBuffer encode(LaunchPlan plan, byte[] record, byte[] ticket) {
        var wire = new WireWriter(TYPICAL_BYTES);
        wire.u32(MAGIC).u16(VERSION);
        wire.string(plan.id()).string(plan.namespaces().hostname());
        wire.string(plan.places().directory())
                .string(plan.places().socket())
                .string(plan.places().staging())
                .strings(plan.places().reserved())
                .bytes(record);
        wire.u32(plan.namespaces().flags()).bool(plan.namespaces().ownClocks());
        wire.list(plan.namespaces().users().uids(), PlanEncoder::map)
                .list(plan.namespaces().users().gids(), PlanEncoder::map);
        wire.bool(plan.namespaces().users().denySetgroups())
                .string(plan.namespaces().users().programs().uids())
                .string(plan.namespaces().users().programs().gids());
        wire.bool(plan.execution().init())
                .bool(plan.streams().keepStdin())
                .bytes(ticket)
                .bool(plan.execution().held());
        terminal(wire, plan.streams().console().map(LaunchPlan.Console::size));
        wire.string(plan.streams().console().flatMap(LaunchPlan.Console::socket).orElse(""));
        wire.u32(plan.execution().oomScoreAdj());
        cgroup(wire, plan.cgroup());
        wire.string(plan.rootfs().options());
        steps(wire, plan.rootfs().steps(), plan.gvisor().served());
        wire.bool(plan.rootfs().audited()).strings(plan.rootfs().writable());
        wire.u32(plan.execution().identity().uid())
                .u32(plan.execution().identity().gid());
        wire.list(plan.execution().identity().groups(), WireWriter::u32);
        LaunchPlan.Capabilities sets = plan.confinement().capabilities();
        wire.u64(sets.bounding()).u64(sets.permitted()).u64(sets.inheritable()).u64(sets.ambient());
        wire.bool(plan.confinement().rlimits().required());
        wire.list(
                plan.confinement().rlimits().limits(),
                (w, limit) -> w.u8(limit.resource()).u64(limit.soft()).u64(limit.hard()));
        landlock(wire, plan.confinement().landlock());
        wire.bytes(plan.confinement().seccomp().program())
                .u8(plan.confinement().seccomp().denied().number())
                .u16(plan.confinement().seccomp().errno());
        wire.string(plan.execution().command().workdir());
        wire.strings(plan.execution().command().arguments())
                .strings(plan.execution().command().environment());
        wire.u64(plan.streams().log().fileBytes())
                .u16(plan.streams().log().files())
                .u32((int) plan.streams().log().rate())
                .bool(plan.streams().log().blocks());
        wire.bytes(plan.gvisor().config())
                .string(plan.gvisor().process())
                .strings(plan.gvisor().environment())
                .strings(plan.gvisor().exec())
                .strings(plan.gvisor().kill())
                .u32(plan.gvisor().identity().uid())
                .u32(plan.gvisor().identity().gid());
        wire.string(plan.hooks().state());
        wire.list(plan.hooks().list(), PlanEncoder::hook);
        wire.string(plan.execution().notifySocket());
        wire.list(plan.namespaces().links(), PlanEncoder::link);
        return wire.finish();
    }

    /** Whether there is a terminal, and its size; exec requests encode it in the same way. */
    public static void terminal(WireWriter wire, Optional<LaunchPlan.Terminal> terminal) {
        wire.bool(terminal.isPresent())
                .u16(terminal.map(LaunchPlan.Terminal::rows).orElse(0))
                .u16(terminal.map(LaunchPlan.Terminal::columns).orElse(0));
    }

    private static void link(WireWriter wire, LaunchPlan.Link link) {
        wire.string(link.hostName())
                .string(link.name())
                .string(link.alias())
                .u32(link.mtu())
                .bytes(link.mac());
        addresses(wire, link.addresses());
        addresses(wire, link.gateways());
        wire.bool(link.first());
    }

    /** IPv4 and IPv6 address, each with the length of its prefix; requests about networks encode them alike. */
    public static void addresses(WireWriter wire, LaunchPlan.Addresses addresses) {
        address(wire, addresses.ipv4());
        address(wire, addresses.ipv6());
    }

    private static void address(WireWriter wire, Optional<LaunchPlan.Addresses.Address> address) {
        wire.bytes(address.map(found -> found.address().getAddress()).orElse(NOTHING))
                .u8(address.map(LaunchPlan.Addresses.Address::prefix).orElse(0));
    }

    private static void hook(WireWriter wire, LaunchPlan.Hook hook) {
        wire.u8(hook.phase().number()).string(hook.path()).u64(hook.device()).u64(hook.inode());
        wire.strings(hook.arguments()).strings(hook.environment()).millis(hook.timeout());
    }

    private static void map(WireWriter wire, LaunchPlan.IdMap map) {
        wire.u32(map.inside()).u32(map.outside()).u32(map.count());
    }

    private static void cgroup(WireWriter wire, LaunchPlan.Cgroup cgroup) {
        wire.bool(cgroup.required())
                .bool(cgroup.limitsMemory())
                .string(cgroup.unified())
                .strings(cgroup.directories());
        wire.list(cgroup.writes(), (w, write) -> w.string(write.file()).string(write.value()));
        wire.strings(cgroup.joins()).string(cgroup.freezer()).bytes(cgroup.devices());
    }

    private static void landlock(WireWriter wire, LaunchPlan.Landlock landlock) {
        wire.bool(landlock.required())
                .u64(landlock.handledFiles())
                .u64(landlock.handledNetwork())
                .u64(landlock.scoped())
                .u32(landlock.flags());
        wire.list(
                landlock.paths(),
                (w, rule) -> w.string(rule.path()).u64(rule.access()).bool(rule.optional()));
        wire.list(landlock.ports(), (w, rule) -> w.u16(rule.port()).u64(rule.access()));
    }

    private static void steps(WireWriter wire, List<RootfsStep> steps, Set<Integer> served) {
        wire.list(
                IntStream.range(0, steps.size()).boxed().toList(),
                (w, number) -> step(w, steps.get(number), served.contains(number) ? SERVED : 0));
    }

    /** Uses the numbers of enum rootfs_action in native/src/launch/plan.h. */
    private static void step(WireWriter wire, RootfsStep step, int served) {
        switch (step) {
            case RootfsStep.Directory(var target, var mode, var uid, var gid) ->
                write(wire, 1, target, "", 0, mode, uid, gid, 0, NOTHING);
            case RootfsStep.File(var target, var mode, var uid, var gid, var content) ->
                write(wire, 2, target, "", 0, mode, uid, gid, 0, content);
            case RootfsStep.Symlink(var target, var to) -> write(wire, 3, target, to, 0, 0, 0, 0, 0, NOTHING);
            case RootfsStep.Bind(var target, var source, var attributes, var optional, var owners) ->
                bound(wire, 4, target, source, attributes, 0, 0, 0, served | flags(optional, owners));
            case RootfsStep.Tmpfs(var target, var options, var attributes) ->
                write(wire, 5, target, options, attributes, 0, 0, 0, 0, NOTHING);
            case RootfsStep.Proc(var target, var options, var attributes) ->
                write(wire, 6, target, options, attributes, 0, 0, 0, 0, NOTHING);
            case RootfsStep.Device(var target, var mode, var major, var minor) ->
                write(wire, 7, target, "", (long) major << 32 | minor, mode, 0, 0, 0, NOTHING);
            case RootfsStep.MaskFile(var target) -> write(wire, 8, target, "", 0, 0, 0, 0, OPTIONAL, NOTHING);
            case RootfsStep.MaskDirectory(var target) -> write(wire, 9, target, "", 0, 0, 0, 0, OPTIONAL, NOTHING);
            case RootfsStep.Seal(var target, var attributes) ->
                write(wire, 10, target, "", attributes, 0, 0, 0, 0, NOTHING);
            case RootfsStep.Secret(var target, var source, var mode, var uid, var gid) ->
                bound(wire, 12, target, source, 0, mode, uid, gid, 0);
            case RootfsStep.Workspace(var target, var source, var attributes, var uid, var gid) ->
                bound(wire, 4, target, source, attributes, 0, uid, gid, served | OWNED);
            case RootfsStep.Overlay(var target, var source, var owners) ->
                bound(wire, 14, target, source, MountAttributes.SEALED, 0, 0, 0, flags(false, owners));
            case RootfsStep.Detach(var target) -> write(wire, 15, target, "", 0, 0, 0, 0, 0, NOTHING);
            case RootfsStep.Devpts(var target, var options, var attributes) ->
                write(wire, 16, target, options, attributes, 0, 0, 0, 0, NOTHING);
            case RootfsStep.Self(var target) -> write(wire, 13, target, "", 0, 0555, 0, 0, 0, NOTHING);
            case RootfsStep.Volume(var target, var source, var attributes, var mode, var uid, var gid, var owners) ->
                bound(wire, 11, target, source, attributes, mode, uid, gid, served | flags(false, owners));
        }
    }

    private static int origin(HostPath source) {
        return switch (source.origin()) {
            case OWN -> 0;
            case ROOTFS -> NAMED | IMAGE;
            case NAMED -> NAMED;
        };
    }

    private static int flags(boolean optional, Owners owners) {
        return (optional ? OPTIONAL : 0)
                | switch (owners) {
                    case HOST -> 0;
                    case MAPPED -> MAPPED;
                    case MAPPED_WHERE_POSSIBLE -> TRY_MAPPED;
                };
    }

    private static void bound(
            WireWriter wire,
            int action,
            String target,
            HostPath source,
            long attributes,
            int mode,
            int uid,
            int gid,
            int flags) {
        head(wire, action, target, source.path(), attributes, mode, uid, gid, flags | origin(source));
        wire.u64(source.device()).u64(source.inode()).bytes(NOTHING);
    }

    private static void write(
            WireWriter wire,
            int action,
            String target,
            String source,
            long attributes,
            int mode,
            int uid,
            int gid,
            int flags,
            byte[] content) {
        head(wire, action, target, source, attributes, mode, uid, gid, flags);
        wire.u64(0).u64(0).bytes(content);
    }

    private static void head(
            WireWriter wire,
            int action,
            String target,
            String source,
            long attributes,
            int mode,
            int uid,
            int gid,
            int flags) {
        wire.u8(action).string(target).string(source).u64(attributes);
        wire.u32(mode).u32(uid).u32(gid).u32(flags);
    }
}
