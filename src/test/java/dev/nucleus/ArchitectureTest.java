package dev.nucleus;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_USE_FIELD_INJECTION;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertAll;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import dev.nucleus.support.GeneratedDocument;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.core.ApplicationModules;

/** Dependencies between packages, and rules for all. {@link #ALLOWED} generates the table in docs/architecture.md. */
@AnalyzeClasses(
        packages = "dev.nucleus",
        importOptions = {ImportOption.DoNotIncludeTests.class, ArchitectureTest.WrittenByHand.class})
class ArchitectureTest {

    private static final Path DOCUMENT = Path.of("docs/architecture.md");
    private static final String TABLE_HEAD = "| package | holds | uses |\n";

    /** Excludes the application context's classes that the build generates. */
    static final class WrittenByHand implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("__");
        }
    }

    /** What each package may use besides itself, {@code text}, {@code failure} and libraries; in the table's order. */
    private static final Map<String, Set<String>> ALLOWED = allowed();

    private static Map<String, Set<String>> allowed() {
        var allowed = new LinkedHashMap<String, Set<String>>();
        allow(allowed, "startup");
        allow(allowed, "text");
        allow(allowed, "failure");
        allow(allowed, "spec");
        allow(allowed, "spec.fleetfile", "spec");
        allow(allowed, "policy", "spec", "spec.fleetfile");
        allow(allowed, "kernel");
        allow(allowed, "learning", "spec", "policy", "kernel");
        allow(allowed, "plan", "spec");
        allow(allowed, "rootfs", "kernel");
        allow(allowed, "workspace", "kernel");
        allow(allowed, "settings");
        allow(allowed, "lifecycle");
        allow(allowed, "cgroup", "spec", "plan", "kernel");
        allow(allowed, "preparation", "spec", "policy", "plan", "kernel", "rootfs");
        allow(allowed, "isolation", "spec", "policy", "plan", "kernel", "rootfs", "cgroup", "preparation");
        allow(allowed, "shim", "spec", "plan");
        allow(allowed, "spawner", "shim", "spec", "plan", "kernel", "settings", "lifecycle");
        allow(allowed, "network", "spec", "plan", "preparation", "settings", "shim", "spawner");
        allow(allowed, "dns", "plan", "network");
        allow(allowed, "diagnosis", "kernel", "preparation", "network");
        allow(allowed, "log", "shim");
        allow(
                allowed,
                "container",
                "spec",
                "policy",
                "plan",
                "kernel",
                "cgroup",
                "preparation",
                "isolation",
                "shim",
                "spawner",
                "log",
                "network",
                "settings",
                "workspace");
        allow(allowed, "denial", "kernel", "shim", "container");
        allow(allowed, "probe", "spec", "shim", "container");
        allow(
                allowed,
                "fleet",
                "spec",
                "spec.fleetfile",
                "policy",
                "plan",
                "preparation",
                "shim",
                "network",
                "container",
                "probe",
                "settings",
                "lifecycle");
        allow(allowed, "serving", "network", "container", "probe", "fleet");
        allow(allowed, "health", "fleet");
        allow(allowed, "spool");
        allow(
                allowed,
                "audit",
                "spec",
                "plan",
                "shim",
                "network",
                "container",
                "fleet",
                "settings",
                "lifecycle",
                "spool");
        allow(allowed, "history", "spec", "fleet", "settings", "lifecycle", "spool");
        allow(allowed, "telemetry", "plan", "cgroup", "shim", "network", "container", "denial", "probe", "fleet");
        allow(allowed, "integration", "spec", "kernel", "diagnosis", "lifecycle", "fleet", "history");
        allow(
                allowed,
                "web",
                "spec",
                "plan",
                "cgroup",
                "log",
                "network",
                "container",
                "denial",
                "fleet",
                "history",
                "settings");
        allow(
                allowed,
                "cli",
                "spec",
                "policy",
                "learning",
                "plan",
                "rootfs",
                "settings",
                "lifecycle",
                "cgroup",
                "preparation",
                "shim",
                "log",
                "network",
                "diagnosis",
                "container",
                "denial",
                "fleet",
                "audit");
        return allowed;
    }

    private static void allow(Map<String, Set<String>> allowed, String from, String... to) {
        allowed.put(from, new LinkedHashSet<>(List.of(to)));
    }

    @ArchTest
    static final ArchRule pureModulesDoNotUseSpring = noClasses()
            .that()
            .resideInAnyPackage(
                    "dev.nucleus.spec..",
                    "dev.nucleus.policy..",
                    "dev.nucleus.plan..",
                    "dev.nucleus.rootfs..",
                    "dev.nucleus.workspace..",
                    "dev.nucleus.kernel..",
                    "dev.nucleus.text..",
                    "dev.nucleus.failure..",
                    "dev.nucleus.shim..",
                    "dev.nucleus.log..",
                    "dev.nucleus.learning..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.springframework..");

    @ArchTest
    static final ArchRule nativeTypesStayInKernel = noClasses()
            .that()
            .resideOutsideOfPackage("dev.nucleus.kernel..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("jnr..", "com.kenai..");

    /** The same prepared launch yields the same plan: everything read from the host is read before planning. */
    @ArchTest
    static final ArchRule plansAreMadeWithoutLookingAtTheHost = noClasses()
            .that()
            .resideInAnyPackage("dev.nucleus.isolation..", "dev.nucleus.plan..")
            .should()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.nio.file.Files")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.lang.ProcessHandle")
            .orShould()
            .dependOnClassesThat()
            .resideInAnyPackage("java.nio.channels..")
            .orShould()
            .dependOnClassesThat()
            .haveNameMatching("java\\.io\\.(File|FileInputStream|RandomAccessFile)")
            .orShould()
            .dependOnClassesThat()
            .haveNameMatching("dev\\.nucleus\\.kernel\\.(TrustedPath|Directory|Node)")
            .orShould()
            .callMethod(System.class, "getenv", String.class)
            .orShould()
            .callMethod(System.class, "getProperty", String.class)
            .orShould()
            .callMethod(System.class, "getProperty", String.class, String.class);

    @ArchTest
    static final ArchRule nothingDependsOnTheEdges = noClasses()
            .that()
            .resideOutsideOfPackages(
                    "dev.nucleus.web..", "dev.nucleus.cli..", "dev.nucleus.telemetry..", "dev.nucleus.integration..")
            // NucleusApplication runs the commands that need no manager.
            .and()
            .doNotBelongToAnyOf(NucleusApplication.class)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "dev.nucleus.web..", "dev.nucleus.cli..", "dev.nucleus.telemetry..", "dev.nucleus.integration..");

    @ArchTest
    static final ArchRule packagesHaveNoCycles =
            slices().matching("dev.nucleus.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule noInjectionIntoFields = NO_CLASSES_SHOULD_USE_FIELD_INJECTION;

    @ArchTest
    static final ArchRule realNounsOnly = classes()
            .should()
            .haveSimpleNameNotEndingWith("Manager")
            .andShould()
            .haveSimpleNameNotEndingWith("Helper")
            .andShould()
            .haveSimpleNameNotEndingWith("Util")
            .andShould()
            .haveSimpleNameNotEndingWith("Utils")
            .andShould()
            .haveSimpleNameNotEndingWith("Impl");

    @ArchTest
    static void everyPackageIsListedAndNullMarked(JavaClasses classes) {
        assertThat(classes.stream()
                        .map(type -> type.getPackageName().replaceFirst("^dev\\.nucleus\\.?", ""))
                        .filter(name -> !name.isEmpty()))
                .allSatisfy(name -> assertThat(ALLOWED).containsKey(name));
        for (String name : ALLOWED.keySet()) {
            assertThat(classes.getPackage("dev.nucleus." + name).isAnnotatedWith(NullMarked.class))
                    .as("dev.nucleus.%s is @NullMarked", name)
                    .isTrue();
        }
    }

    @ArchTest
    static void eachPackageUsesOnlyAllowedPackages(JavaClasses classes) {
        // Modulith treats a sub-package as internal to its module; ALLOWED lists the packages that may use it.
        assertThat(ApplicationModules.of(NucleusApplication.class)
                        .detectViolations()
                        .getMessages())
                .allMatch(message -> message.contains("non-exposed type dev.nucleus.spec.fleetfile."));
        assertAll(ALLOWED.entrySet().stream().map(entry -> () -> usesOnly(classes, entry.getKey(), entry.getValue())));
    }

    /** Keeps the table from listing dependencies that the code doesn't have. */
    @ArchTest
    static void eachAllowedDependencyIsUsed(JavaClasses classes) {
        ALLOWED.forEach((from, to) -> assertThat(to)
                .as("dependencies of %s", from)
                .allSatisfy(other -> assertThat(classes.that(resideInAPackage("dev.nucleus." + from)).stream()
                                .flatMap(type -> type.getDirectDependenciesFromSelf().stream())
                                .map(dependency -> dependency.getTargetClass().getPackageName()))
                        .contains("dev.nucleus." + other)));
    }

    /** With {@code -Dnucleus.docs.write=true}, writes the table instead. */
    @ArchTest
    static void theDocumentedPackageTableIsCurrent(JavaClasses classes) throws IOException {
        String before = Files.readString(DOCUMENT);
        int begin = before.indexOf(TABLE_HEAD);
        int end = before.indexOf("\n\n", begin) + 1;
        String after = before.substring(0, begin) + table() + before.substring(end);
        GeneratedDocument.check(DOCUMENT, after);
    }

    private static String table() throws IOException {
        var table = new StringBuilder(TABLE_HEAD).append("|---|---|---|\n");
        for (var entry : ALLOWED.entrySet()) {
            table.append("| `%s` | %s | %s |\n"
                    .formatted(
                            entry.getKey(),
                            firstSentence(entry.getKey()),
                            entry.getValue().isEmpty() ? "–" : String.join(", ", entry.getValue())));
        }
        return table.toString();
    }

    /** The first sentence of the package's documentation. */
    private static String firstSentence(String name) throws IOException {
        String source =
                Files.readString(Path.of("src/main/java/dev/nucleus", name.replace('.', '/'), "package-info.java"));
        String text = source.substring(source.indexOf("/**") + 3, source.indexOf("*/"))
                .replaceAll("\\s*\\n \\* ?", " ")
                .replaceAll("\\{@code ([^}]*)}", "`$1`")
                .strip();
        int end = text.indexOf(". ");
        return end < 0 ? text.replaceFirst("\\.$", "") : text.substring(0, end);
    }

    private static void usesOnly(JavaClasses classes, String from, Set<String> to) {
        Set<String> allowed = new HashSet<>(List.of("dev.nucleus." + from, "dev.nucleus.text", "dev.nucleus.failure"));
        to.forEach(name -> allowed.add("dev.nucleus." + name));
        noClasses()
                .that()
                .resideInAPackage("dev.nucleus." + from)
                .should()
                .dependOnClassesThat(DescribedPredicate.describe(
                        "are in a package that ALLOWED does not list for it",
                        type -> type.getPackageName().startsWith("dev.nucleus.")
                                && !allowed.contains(type.getPackageName())))
                .check(classes);
    }
}
