package dev.nucleus.fleet;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import dev.nucleus.spec.ContainerSpec;
import dev.nucleus.spec.NetworkAttachment;
import dev.nucleus.spec.Networking;
import dev.nucleus.spec.ServiceSpec;
import dev.nucleus.spec.TmpfsMount;
import dev.nucleus.spec.VolumeMount;
import org.apache.commons.codec.digest.DigestUtils;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** SHA-256 of a service's canonical form, by which a running container is compared with the declaration. */
final class SpecHash {

    private static final JsonMapper CANONICAL = JsonMapper.builder()
            .enable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .addMixIn(VolumeMount.class, WithoutDefaults.class)
            .addMixIn(TmpfsMount.class, WithoutDefaults.class)
            .addMixIn(Networking.class, WithoutLiveFields.class)
            .addMixIn(NetworkAttachment.class, WithoutAliases.class)
            .build();

    /** Items of lists have no defaults: fields that later versions added to them are left out if they are off. */
    private interface WithoutDefaults {
        @JsonInclude(JsonInclude.Include.NON_DEFAULT)
        @SuppressWarnings("unused") // Jackson reads it.
        boolean execute();
    }

    /** What is changed without replacing a container. */
    @JsonIgnoreProperties({"ports", "egress", "acceptFrom"})
    private interface WithoutLiveFields {}

    @JsonIgnoreProperties("aliases")
    private interface WithoutAliases {}

    private SpecHash() {}

    /**
     * The fields that differ from their defaults, so that a field which a later version adds does not change the hash.
     * Mode and command are always included.
     */
    private static JsonNode canonical(ContainerSpec spec) {
        JsonNode defaults = CANONICAL.valueToTree(ContainerSpec.of(spec.mode(), spec.command()));
        ObjectNode differing = differing(CANONICAL.valueToTree(spec), defaults);
        differing.put("mode", spec.mode().toString());
        differing.set("command", CANONICAL.valueToTree(spec.command()));
        return differing;
    }

    private static ObjectNode differing(ObjectNode value, JsonNode defaults) {
        ObjectNode result = CANONICAL.createObjectNode();
        value.properties().forEach(field -> {
            JsonNode usual = defaults.path(field.getKey());
            if (field.getValue() instanceof ObjectNode inner && usual.isObject()) {
                ObjectNode within = differing(inner, usual);
                if (!within.isEmpty()) {
                    result.set(field.getKey(), within);
                }
            } else if (!field.getValue().equals(usual)) {
                result.set(field.getKey(), field.getValue());
            }
        });
        return result;
    }

    static String of(ServiceSpec service) {
        return DigestUtils.sha256Hex(CANONICAL.writeValueAsString(canonical(service.container())));
    }
}
