using Microsoft.Playwright;
using Pup.Tests.Docs;

namespace Pup.Tests.Browser;

/// <summary>The machine's own Chromium, and what a page of it complained of.</summary>
internal sealed class Chromium : IAsyncDisposable
{
    public const string Missing = "Needs Chromium at /usr/bin/chromium: `apt-get install chromium`.";

    private const string Program = "/usr/bin/chromium";

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Chromium(IPlaywright playwright, IBrowser browser, IPage page) => (_playwright, _browser, Page) = (playwright, browser, page);

    public static bool IsMissing => !File.Exists(Program);

    public IPage Page { get; }

    public List<string> Complaints { get; } = [];

    public static async Task<Chromium> StartAsync(int width = 1280, int height = 900)
    {
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Program,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        var page = await browser.NewPageAsync(new() { ViewportSize = new() { Width = width, Height = height } });
        page.SetDefaultTimeout(60_000);
        var chromium = new Chromium(playwright, browser, page);
        page.Console += (_, message) => chromium.Note(message.Type == "error" ? $"{message.Text} ({message.Location})" : null);
        page.PageError += (_, error) => chromium.Note(error);
        return chromium;
    }

    /// <summary>Leaves a picture in <c>artifacts/screenshots</c>.</summary>
    public Task<byte[]> PictureAsync(string name) => Page.ScreenshotAsync(new() { Path = Repository.PathOf($"artifacts/screenshots/{name}.png") });

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }

    private void Note(string? complaint)
    {
        if (complaint is not null)
            Complaints.Add(complaint);
    }
}
