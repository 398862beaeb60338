package dev.nucleus.web;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.deque.html.axecore.playwright.AxeBuilder;
import com.deque.html.axecore.results.Rule;
import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.options.ColorScheme;
import dev.nucleus.fleet.ReplicaStatus;
import dev.nucleus.spec.Signal;
import dev.nucleus.spec.StopSpec;
import dev.nucleus.support.Requires;
import dev.nucleus.support.SharedManager;
import dev.nucleus.support.TestManager;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The dashboard in a real Chromium, as a user sees it. {@code -Dscreenshots=DIR} keeps screenshots. */
@Tag("browser")
class DashboardTest {

    private static final String CHROMIUM = "/usr/bin/chromium";

    @SharedManager(fleet = """
                name: shop
                services:
                  web:
                    command: [/bin/sh, -c, 'i=0; while sleep 0.2; do i=$((i+1)); echo "tick $i"; done']
                    memory: 64M
                    readiness: {exec: ["true"], period: 1s}
                    restart: {policy: always, backoff: {from: 1s}}
                  moody:
                    command: [/bin/sh, -c, 'echo "I have had enough" >&2; exit 3']
                    restart: {policy: always, backoff: {from: 30s}}
                """)
    private static TestManager manager;

    private static Playwright playwright;
    private static Browser browser;

    private final List<String> complaints = Collections.synchronizedList(new ArrayList<>());
    private @Nullable BrowserContext context;

    @BeforeAll
    static void start() {
        Requires.program(CHROMIUM, "chromium");
        manager.await("shop/web-1", ReplicaStatus.READY);
        manager.await("shop/moody-1", ReplicaStatus.CRASHED);
        playwright = Playwright.create(
                new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
        browser = playwright
                .chromium()
                .launch(new BrowserType.LaunchOptions()
                        .setExecutablePath(Path.of(CHROMIUM))
                        .setArgs(List.of(
                                "--headless",
                                "--no-sandbox",
                                "--disable-gpu",
                                "--disable-quic",
                                "--no-first-run",
                                "--disable-background-networking",
                                "--disable-component-update",
                                "--disable-sync")));
    }

    @AfterAll
    static void stop() {
        if (playwright != null) {
            playwright.close();
        }
    }

    private Page open(String path, ColorScheme scheme, int width, boolean scripts) {
        BrowserContext opened = browser.newContext(new Browser.NewContextOptions()
                .setColorScheme(scheme)
                .setViewportSize(width, 900)
                .setJavaScriptEnabled(scripts));
        context = opened;
        Page page = opened.newPage();
        page.onConsoleMessage(message -> {
            if (message.type().equals("error")) {
                complaints.add(message.text());
            }
        });
        page.onPageError(complaints::add);
        page.navigate(manager.url(path));
        return page;
    }

    @AfterEach
    void theConsoleHasNoErrors() {
        if (context != null) {
            context.close();
        }
        assertThat(complaints)
                .as("the browser's console, including violations of the content security policy")
                .isEmpty();
    }

    private static void keepScreenshot(Page page, String name) {
        String directory = System.getProperty("screenshots", "");
        if (!directory.isEmpty()) {
            page.screenshot(new Page.ScreenshotOptions()
                    .setPath(Path.of(directory, name + ".png"))
                    .setFullPage(true));
        }
    }

    private static void checkAccessibility(Page page) {
        List<Rule> violations = new AxeBuilder(page)
                .withTags(List.of("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"))
                .analyze()
                .getViolations();
        assertThat(violations)
                .as("WCAG 2.2 AA")
                .extracting(rule -> rule.getId() + ": " + rule.getNodes())
                .isEmpty();
    }

    @ParameterizedTest
    @EnumSource(names = {"LIGHT", "DARK"})
    void fleetsAreShownWithTheirStatusAndReason(ColorScheme scheme) {
        Page page = open("/", scheme, 1280, true);

        assertThat(page.locator("tr", new Page.LocatorOptions().setHasText("web-1")))
                .containsText("ready");
        assertThat(page.locator("tr", new Page.LocatorOptions().setHasText("moody-1")))
                .containsText("exit code 3");
        keepScreenshot(page, "fleets-" + scheme.name().toLowerCase(Locale.ROOT));
        checkAccessibility(page);
    }

    @ParameterizedTest
    @EnumSource(names = {"LIGHT", "DARK"})
    void aContainerIsExplainedOnOnePage(ColorScheme scheme) {
        Page page = open("/", scheme, 1280, true);
        page.locator("a", new Page.LocatorOptions().setHasText("web-1")).click();

        assertThat(page.locator("h1")).hasText("shop/web-1");
        assertThat(page.locator("main")).containsText("reach any network but its own loopback");
        assertThat(page.locator("main")).containsText("use more than 64M of memory");
        assertThat(page.locator("main")).containsText("readiness succeeded");
        assertThat(page.locator("#lines")).containsText("tick 1");
        keepScreenshot(page, "container-" + scheme.name().toLowerCase(Locale.ROOT));
        checkAccessibility(page);
    }

    /** Lines of this run; the log of a restarted replica begins with the end of the previous run. */
    private static final String OF_THIS_RUN =
            "#lines li:not([data-stream=nucleus]):not(:has(~ li[data-stream=nucleus]))";

    @Test
    void theLogIsUpdatedLive() {
        Page page = open("/fleets/shop/web-1", ColorScheme.LIGHT, 1280, true);
        int shown = page.locator("#lines li").count();

        assertThat(page.locator("#lines li").nth(shown + 4)).isVisible();
        List<String> texts = page.locator(OF_THIS_RUN + " span").allTextContents();
        for (int i = 1; i < texts.size(); i++) {
            assertThat(number(texts.get(i))).isEqualTo(number(texts.get(i - 1)) + 1);
        }
    }

    private static int number(String tick) {
        return Integer.parseInt(tick.replace("tick ", ""));
    }

    @Test
    void aCrashIsShownWithoutAReload() throws Exception {
        Page page = open("/fleets/shop/web-1", ColorScheme.LIGHT, 1280, true);
        assertThat(page.locator("dd .status")).hasText("ready");

        manager.containerOf("shop/web-1").shim().signal(Signal.KILL);

        assertThat(page.locator("ol.history").first()).containsText("killed by SIGKILL; starts again in 1s");
        assertThat(page.locator("dd .status")).hasText("ready");
        manager.await("shop/web-1", ReplicaStatus.READY);
    }

    @Test
    void aContainerRunByHandAppearsAndDisappears() throws Exception {
        Page page = open("/", ColorScheme.LIGHT, 1280, true);
        var container = manager.launch("/bin/sleep", "1000");

        assertThat(page.locator("main")).containsText(container.name());
        page.locator("a", new Page.LocatorOptions().setHasText(container.name()))
                .click();
        assertThat(page.locator("main")).containsText("/bin/sleep 1000");
        checkAccessibility(page);
        page.goBack();
        manager.containers().stop(container, StopSpec.DEFAULT);
        manager.containers().remove(container);

        assertThat(page.locator("main")).not().containsText(container.name());
    }

    @Test
    void noPageScrollsSidewaysOnAPhone() {
        for (String path : List.of("/", "/fleets/shop/web-1", "/fleets/shop/moody-1")) {
            Page page = open(path, ColorScheme.LIGHT, 360, true);

            int overflow = (int) page.locator("html").evaluate("e => e.scrollWidth - e.clientWidth");
            assertThat(overflow).as(path).isLessThanOrEqualTo(0);
            keepScreenshot(page, "phone" + path.replace('/', '-'));
            page.context().close();
        }
    }

    @Test
    void everythingIsReadableWithoutScripts() {
        Page page = open("/fleets/shop/web-1", ColorScheme.LIGHT, 1280, false);

        assertThat(page.locator("main")).containsText("readiness succeeded");
        assertThat(page.locator("#lines")).containsText("tick 1");
    }

    @Test
    void aMissingPageIsReportedWithALinkBack() {
        Page page = open("/fleets/shop/nosuch-1", ColorScheme.LIGHT, 1280, true);

        assertThat(page.locator("h1")).containsText("404");
        page.locator("main a").click();
        assertThat(page.locator("h1")).hasText("Fleets");
        // The browser itself logs the 404.
        complaints.removeIf(text -> text.contains("404"));
    }
}
