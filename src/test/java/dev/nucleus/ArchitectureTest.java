package dev.nucleus;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_USE_FIELD_INJECTION;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.core.ApplicationModules;

/** The borders of docs/architecture.md. An arrow there is "may use"; nothing points back. */
@AnalyzeClasses(
        packages = "dev.nucleus",
        importOptions = {ImportOption.DoNotIncludeTests.class, ArchitectureTest.WrittenByHand.class})
class ArchitectureTest {

    /** Without what the build generates of an application context. */
    static final class WrittenByHand implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("__");
        }
    }

    private static final String[] PACKAGES = {
        "spec",
        "policy",
        "rootfs",
        "learning",
        "kernel",
        "plan",
        "isolation",
        "spawner",
        "container",
        "health",
        "fleet",
        "web",
        "cli",
        "settings",
        "workspace",
        "startup",
        "telemetry",
        "spool",
        "history",
        "audit",
        "announce",
        "text"
    };

    @ArchTest
    static final ArchRule specPolicyAndPlanKnowNothingOfSpring = noClasses()
            .that()
            .resideInAnyPackage(
                    "dev.nucleus.spec..",
                    "dev.nucleus.policy..",
                    "dev.nucleus.plan..",
                    "dev.nucleus.rootfs..",
                    "dev.nucleus.workspace..",
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

    @ArchTest
    static final ArchRule nothingDependsOnTheEdges = noClasses()
            .that()
            .resideOutsideOfPackages(
                    "dev.nucleus.web..", "dev.nucleus.cli..", "dev.nucleus.telemetry..", "dev.nucleus.announce..")
            // Which carries commands out that need no manager.
            .and()
            .doNotBelongToAnyOf(NucleusApplication.class)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "dev.nucleus.web..", "dev.nucleus.cli..", "dev.nucleus.telemetry..", "dev.nucleus.announce..");

    @ArchTest
    static final ArchRule packagesHaveNoCycles =
            slices().matching("dev.nucleus.(*)..").should().beFreeOfCycles();

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
    static void everyPackageIsNullMarkedAndSaysWhatLivesInIt(JavaClasses classes) {
        for (String name : PACKAGES) {
            assertThat(classes.getPackage("dev.nucleus." + name).isAnnotatedWith(NullMarked.class))
                    .as("dev.nucleus.%s is @NullMarked", name)
                    .isTrue();
        }
    }

    /** Each package uses only what docs/architecture.md lets it use. */
    @ArchTest
    static void modulesKeepToTheirBorders(JavaClasses classes) {
        ApplicationModules.of(NucleusApplication.class).verify();
        uses(classes, "text");
        uses(classes, "spec");
        uses(classes, "kernel");
        uses(classes, "settings");
        uses(classes, "startup");
        uses(classes, "spool");
        uses(classes, "rootfs", "kernel");
        uses(classes, "policy", "spec");
        uses(classes, "workspace", "kernel");
        uses(classes, "plan", "spec", "policy");
        uses(classes, "isolation", "spec", "policy", "plan", "kernel", "rootfs");
        uses(classes, "spawner", "spec", "plan", "kernel", "settings");
        uses(classes, "container", "spec", "policy", "plan", "kernel", "isolation", "spawner", "settings", "workspace");
        uses(classes, "health", "spec", "spawner", "container");
        uses(classes, "fleet", "spec", "policy", "plan", "isolation", "spawner", "container", "health", "settings");
        uses(
                classes,
                "audit",
                "spec",
                "policy",
                "plan",
                "spawner",
                "container",
                "health",
                "fleet",
                "settings",
                "spool");
        uses(classes, "history", "spec", "spawner", "container", "health", "fleet", "settings", "spool");
    }

    /** Besides itself, and {@code text}, which uses nothing and everything may use. */
    private static void uses(JavaClasses classes, String from, String... to) {
        String[] allowed = new String[to.length + 2];
        allowed[0] = "dev.nucleus." + from + "..";
        allowed[1] = "dev.nucleus.text..";
        for (int i = 0; i < to.length; i++) {
            allowed[i + 2] = "dev.nucleus." + to[i] + "..";
        }
        noClasses()
                .that()
                .resideInAPackage("dev.nucleus." + from + "..")
                .should()
                .dependOnClassesThat(com.tngtech.archunit.base.DescribedPredicate.describe(
                        "lie beyond the border",
                        type -> type.getPackageName().startsWith("dev.nucleus.")
                                && java.util.Arrays.stream(allowed)
                                        .noneMatch(package_ -> (type.getPackageName() + ".")
                                                .startsWith(package_.substring(0, package_.length() - 1)))))
                .check(classes);
    }
}
