package dev.nucleus.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nucleus.container.ContainerRecord;
import dev.nucleus.spec.ServiceSpec;
import dev.nucleus.spec.fleetfile.FleetReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

class FileDigestsTest {

    private static final String[] FILES = {"key", "seccomp.json", "landlock.yaml", "caps.yaml"};

    @TempDir
    private Path folder;

    private ServiceSpec service = Objects.requireNonNull(FleetReader.readText(
                    Path.of("/f.yaml"), "name: shop\nservices: {web: {command: [/w]}}", FleetReader.Checks.NONE)
            .services()
            .get("web"));

    @BeforeEach
    void files() throws IOException {
        for (String file : FILES) {
            Files.writeString(folder.resolve(file), "before");
        }
        service = Objects.requireNonNull(FleetReader.readText(folder.resolve("shop.yaml"), """
                        name: shop
                        services:
                          web:
                            command: [/w]
                            secrets: ["key:key"]
                            seccomp: seccomp.json
                            landlock: landlock.yaml
                            capabilities: caps.yaml
                        """, FleetReader.Checks.NONE)
                .services()
                .get("web"));
    }

    /** The record as the next manager reads it. */
    private ContainerRecord.ReplicaRecord launched() {
        var launched = new ContainerRecord.ReplicaRecord(
                "shop", "web", 1, SpecHash.of(service), 0, 0, FileDigests.of(service));
        JsonMapper json = JsonMapper.shared();
        return json.readValue(json.writeValueAsBytes(launched), ContainerRecord.ReplicaRecord.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"key", "seccomp.json", "landlock.yaml", "caps.yaml"})
    void aChangedFileIsDetectedDespiteTheSameSizeAndTime(String name) throws IOException {
        ContainerRecord.ReplicaRecord launched = launched();
        assertThat(FileDigests.changed(service, launched)).isEmpty();
        Path file = folder.resolve(name);
        FileTime time = Files.getLastModifiedTime(file);

        Files.writeString(file, "after!");
        Files.setLastModifiedTime(file, time);

        assertThat(FileDigests.changed(service, launched)).containsExactly(file.toString());
        Files.writeString(file, "before");
        assertThat(FileDigests.changed(service, launched))
                .as("the original content again")
                .isEmpty();
    }

    @Test
    void missingFilesAndDigestsCountAsUnchanged() throws IOException {
        ContainerRecord.ReplicaRecord launched = launched();

        Files.delete(folder.resolve("key"));
        assertThat(FileDigests.changed(service, launched)).isEmpty();
        assertThat(FileDigests.of(service)).hasSize(FILES.length - 1);

        assertThat(FileDigests.changed(service, recordOfAnEarlierVersion())).isEmpty();
    }

    private static ContainerRecord.ReplicaRecord recordOfAnEarlierVersion() {
        ContainerRecord.@Nullable ReplicaRecord read = JsonMapper.shared()
                .readValue(
                        "{\"fleet\":\"shop\",\"service\":\"web\",\"number\":1,\"specHash\":\"x\",\"restarts\":0,\"totalRestarts\":0}",
                        ContainerRecord.ReplicaRecord.class);
        return Objects.requireNonNull(read);
    }

    @Test
    void digestsDoNotRevealEqualSecrets() {
        assertThat(FileDigests.of(service).values()).doesNotHaveDuplicates();
        assertThat(FileDigests.of(service)).isNotEqualTo(FileDigests.of(service));
    }
}
