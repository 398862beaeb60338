package dev.nucleus.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.nucleus.policy.LandlockPolicy;
import dev.nucleus.spec.PolicySource;
import dev.nucleus.spec.fleetfile.InvalidFleetException;
import dev.nucleus.support.DocumentedCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The fleet files in the documents, and the fields that the reference describes, are those that the reader accepts. */
class FleetReferenceTest {

    private static final Path REFERENCE = Path.of("docs/fleet-reference.md");
    private static final Pattern CODE = Pattern.compile("`([a-z0-9-]+)`");

    @TempDir
    private Path folder;

    @Test
    void theFleetFilesInTheDocumentsAreValid() throws IOException {
        int found = 0;
        for (Path document : DocumentedCommand.documents()) {
            for (String block : DocumentedCommand.blocks(document, "yaml")) {
                if (block.contains("\nservices:")) {
                    found++;
                    Path file = Files.writeString(folder.resolve("fleet.yaml"), block);

                    assertThat(FleetFiles.read(file))
                            .as("%s:%n%s", document, block)
                            .hasSize(1);
                }
            }
        }
        assertThat(found).isGreaterThanOrEqualTo(2);
    }

    /** Fields in the first column of a section's table. */
    private static Set<String> documented(String section) throws IOException {
        String text = Files.readString(REFERENCE);
        int begin = text.indexOf("\n## " + section + "\n");
        int end = text.indexOf("\n## ", begin + 1);
        return text.substring(begin, end)
                .lines()
                .filter(line -> line.startsWith("| `"))
                .flatMap(line ->
                        CODE.matcher(line.substring(0, line.indexOf(" | "))).results())
                .map(match -> match.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Fields that the reader lists in its error for an unknown one; the text has FIELD in place of the unknown one. */
    private Set<String> known(String fleet) throws IOException {
        Path file = Files.writeString(folder.resolve("fleet.yaml"), fleet.replace("FIELD", "q".repeat(30)));
        InvalidFleetException refusal = catchThrowableOfType(InvalidFleetException.class, () -> FleetFiles.read(file));
        Matcher matcher =
                Pattern.compile("unknown field 'q{30}'; known here: (.*)").matcher(refusal.getMessage());
        assertThat(matcher.find()).as(refusal.getMessage()).isTrue();
        return new TreeSet<>(Set.of(matcher.group(1).split(", ")));
    }

    @Test
    void theReferenceDescribesTheFieldsOfAFleet() throws IOException {
        assertThat(known("{name: shop, services: {}, FIELD: 1}")).isEqualTo(documented("Fleet"));
    }

    @Test
    void theReferenceDescribesTheFieldsOfAService() throws IOException {
        Set<String> known = known("{name: shop, services: {web: {command: [/w], FIELD: 1}}}");

        assertThat(known).containsAll(documented("Service"));
        known.removeAll(documented("Service"));
        assertThat(known)
                .as("fields that Compose has")
                .allSatisfy(field -> assertThat(Files.readString(REFERENCE))
                        .containsPattern("Compose's words are taken [^|]*`" + field.replace('-', '_') + "\\b"));
    }

    @Test
    void theLandlockPolicyInTheReferenceIsValid() throws IOException {
        String text = Files.readString(REFERENCE);
        String policy = text.substring(text.indexOf("    min-abi: 3"), text.indexOf("**capabilities**"));
        Path file = Files.writeString(folder.resolve("landlock.yaml"), policy.stripIndent());

        assertThat(LandlockPolicy.read(new PolicySource.File(file, Optional.empty()))
                        .rules())
                .hasSize(1);
    }
}
