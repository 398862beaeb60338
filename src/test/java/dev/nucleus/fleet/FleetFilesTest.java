package dev.nucleus.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FleetFilesTest {

    @TempDir
    private Path folder;

    @Test
    void theFleetsShippedWithNucleusAreValid() {
        assertThat(FleetFiles.read(Path.of("config/fleets"))).isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"liveness", "readiness", "fleets", "criticalFleets", "history", "ping", "db", "diskSpace", "ssl"
            })
    void fleetNamesThatHealthAlreadyUsesAreRefused(String name) throws IOException {
        Path file = Files.writeString(folder.resolve("f.yaml"), "name: " + name + "\nservices: {w: {command: [/w]}}");

        assertThatThrownBy(() -> FleetFiles.read(file)).hasMessageContaining("can't be called '" + name + "'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"desired", "fleets"})
    void servicesWhoseHealthWouldBeHiddenAreRefused(String name) throws IOException {
        Path file = Files.writeString(
                folder.resolve("f.yaml"), "name: shop\nservices:\n  " + name + ":\n    command: [/w]");

        assertThatThrownBy(() -> FleetFiles.read(file))
                .hasMessageContaining("f.yaml:3:3: a service can't be called '" + name
                        + "': its health would be hidden by " + "/actuator/health/<fleet>/" + name);
    }

    @Test
    void aFolderWithoutFleetFilesIsRefused() throws IOException {
        Files.writeString(folder.resolve("shop.yaml~"), "name: shop\nservices: {w: {command: [/w]}}");

        assertThatThrownBy(() -> FleetFiles.read(folder)).hasMessageContaining("the folder contains no fleet file");
    }

    @Test
    void twoHealthGroupsWithTheSameNameAreRefused() throws IOException {
        Files.writeString(
                folder.resolve("a.yaml"), "name: shop\nservices: {web: {command: [/w]}}\nhealth: {traffic: [web]}\n");
        Files.writeString(folder.resolve("b.yaml"), "name: shop-web\nservices: {w: {command: [/w]}}\n");

        assertThatThrownBy(() -> FleetFiles.read(folder))
                .hasMessageContaining("b.yaml:1:1: /actuator/health/shop-web would be the group of shop-web and of "
                        + "shop/web; give one of them another name");
    }

    @Test
    void aFleetMayNotShadowAConfiguredHealthGroup() throws IOException {
        Path file = Files.writeString(folder.resolve("a.yaml"), "name: shop\nservices: {web: {command: [/w]}}\n");

        assertThatThrownBy(() -> FleetFiles.read(file, Set.of("shop")))
                .hasMessageContaining("the group of shop and of management.endpoint.health.group.shop");
    }

    @Test
    void violationsOfAModeAreReportedWithTheirLine() throws IOException {
        Path file = Files.writeString(
                folder.resolve("f.yaml"), "name: shop\nmode: production\nservices:\n  w:\n    command: [/w]\n");

        assertThatThrownBy(() -> FleetFiles.read(file))
                .hasMessageContaining("f.yaml:5:5: service 'w': memory: production mode needs a limit")
                .hasMessageContaining("rootfs: production mode needs a root filesystem");
    }
}
