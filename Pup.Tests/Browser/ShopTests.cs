using Microsoft.Playwright;
using Pup.Tests.Samples;
using Pup.Tests.Support;

namespace Pup.Tests.Browser;

/// <summary>The sample shop, as somebody sees it who buys there.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class ShopTests(PostgresServer server)
{
    [Fact]
    public async Task A_customer_orders_and_pays_and_sees_at_once_what_came_of_it()
    {
        Assert.SkipWhen(Chromium.IsMissing, Chromium.Missing);
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        await using var shop = ShopProcess.Start(database.ConnectionString);
        await shop.OpenAsync();
        await using var chromium = await Chromium.StartAsync(height: 620);

        await BuyAsync(chromium, shop, "shop");
    }

    [Fact]
    public async Task On_a_phone_every_page_fits_and_the_same_can_be_done()
    {
        Assert.SkipWhen(Chromium.IsMissing, Chromium.Missing);
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        await using var shop = ShopProcess.Start(database.ConnectionString);
        await shop.OpenAsync();
        await using var chromium = await Chromium.StartAsync(width: 390, height: 844);

        await BuyAsync(chromium, shop, "phone");
    }

    private static async Task BuyAsync(Chromium chromium, ShopProcess shop, string device)
    {
        var page = chromium.Page;
        foreach (var path in new[] { "", "orders", "stock", "customers" })
            await OpenAsync(chromium, shop, path);
        Assert.Contains("Nobody has ordered yet.", await page.InnerTextAsync("main"), StringComparison.Ordinal);

        foreach (var (customer, article, quantity) in new[] { ("Grace Hopper", "pen", "1"), ("Alan Turing", "paper", "3"), ("Ada Lovelace", "lamp", "2") })
            await PlaceAsync(chromium, shop, customer, article, quantity);

        // On the very page to which the form led: nothing is loaded again.
        var rows = page.GetByRole(AriaRole.Row);
        var row = await rows.Filter(new() { HasText = "Ada Lovelace" }).InnerTextAsync();
        Assert.All(["Reading lamp", "2", "€ 118.00", "Pay"], word => Assert.Contains(word, row, StringComparison.Ordinal));
        var order = await page.Locator("tr.fresh code").InnerTextAsync();
        Assert.Equal($"Order {order} is placed.", await page.GetByRole(AriaRole.Status).InnerTextAsync());
        await ShowsAsync(chromium, $"{device}-orders");

        await page.GetByRole(AriaRole.Button, new() { Name = $"Pay order {order}", Exact = true }).ClickAsync();
        await page.GetByText($"Order {order} is paid.").WaitForAsync();
        Assert.Contains("paid", await rows.Filter(new() { HasText = "Ada Lovelace" }).InnerTextAsync(), StringComparison.Ordinal);
        Assert.Equal(2, await page.GetByRole(AriaRole.Button, new() { Name = "Pay order" }).CountAsync());
        await ShowsAsync(chromium, $"{device}-paid");

        await OpenAsync(chromium, shop, "stock");
        var lamps = rows.Filter(new() { HasText = "Reading lamp" });
        Assert.Contains("10 left", await lamps.InnerTextAsync(), StringComparison.Ordinal);
        await lamps.GetByLabel("Pieces of Reading lamp").FillAsync("5");
        await page.GetByRole(AriaRole.Button, new() { Name = "Deliver Reading lamp" }).ClickAsync();
        await page.GetByText("The delivery is on the shelf.").WaitForAsync();
        Assert.Contains("15 left", await lamps.InnerTextAsync(), StringComparison.Ordinal);
        await ShowsAsync(chromium, $"{device}-stock");

        await PlaceAsync(chromium, shop, "Ada Lovelace", "lamp", "16");
        Assert.Equal("Reading lamp: only 15 left.", await page.GetByRole(AriaRole.Status).InnerTextAsync());
        Assert.Contains("15 left", await rows.Filter(new() { HasText = "Reading lamp" }).InnerTextAsync(), StringComparison.Ordinal);
        await ShowsAsync(chromium, $"{device}-refused");

        // No page waits for the customers.
        await Eventually.TrueAsync(
            async () =>
            {
                await OpenAsync(chromium, shop, "customers");
                return (await page.InnerTextAsync("main")).Contains("€ 118.00", StringComparison.Ordinal);
            },
            TimeSpan.FromSeconds(10),
            "the customer has spent it");
        await ShowsAsync(chromium, $"{device}-customers");
        Assert.Empty(chromium.Complaints);
    }

    private static async Task PlaceAsync(Chromium chromium, ShopProcess shop, string customer, string article, string quantity)
    {
        await OpenAsync(chromium, shop, "");
        var page = chromium.Page;
        await page.GetByLabel("Your name").FillAsync(customer);
        await page.GetByLabel("Article").SelectOptionAsync(article);
        await page.GetByLabel("Quantity").FillAsync(quantity);
        await page.GetByRole(AriaRole.Button, new() { Name = "Place order" }).ClickAsync();
        await page.GetByRole(AriaRole.Status).WaitForAsync();
    }

    private static async Task OpenAsync(Chromium chromium, ShopProcess shop, string path)
    {
        var answer = await chromium.Page.GotoAsync(new Uri(shop.Client.BaseAddress!, path).ToString());
        Assert.Equal(200, answer!.Status);
        Assert.Empty(await PageFaults.OfAsync(chromium.Page));
    }

    private static async Task ShowsAsync(Chromium chromium, string picture)
    {
        await chromium.PictureAsync(picture);
        Assert.Empty(await PageFaults.OfAsync(chromium.Page));
    }
}
