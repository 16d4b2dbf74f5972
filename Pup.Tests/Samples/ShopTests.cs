using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using Pup.Tests.Support;

namespace Pup.Tests.Samples;

/// <summary>The sample shop, started as the README says.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class ShopTests(PostgresServer server)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_order_is_on_the_page_to_which_its_form_leads_and_a_form_sent_twice_is_one_order()
    {
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        await using var shop = ShopProcess.Start(database.ConnectionString);
        await shop.OpenAsync();
        var front = await shop.PageAsync("/");
        Assert.Contains("12 left", front, StringComparison.Ordinal);
        (string, string)[] form = [("customer", "Ada <b>"), ("article", "lamp"), ("quantity", "2"), ("requestId", Guid.NewGuid().ToString())];

        var placed = await shop.SendAsync("/orders", form);
        var page = await shop.PageAsync(placed);

        Assert.Contains("is placed.", page, StringComparison.Ordinal);
        Assert.Contains("<td data-label=\"Customer\">Ada &lt;b&gt;</td>", page, StringComparison.Ordinal);
        Assert.Contains("€ 118.00", WebUtility.HtmlDecode(page), StringComparison.Ordinal);
        Assert.Contains("10 left", await shop.PageAsync("/"), StringComparison.Ordinal);
        Assert.Equal(OrderOf(placed), OrderOf(await shop.SendAsync("/orders", form)));
        Assert.Equal(1, await database.ScalarAsync<long>("select count(*) from events where event_type = 'OrderPlaced'"));
        Assert.Equal(OrderOf(placed), await database.ScalarAsync<string>("select order_id from shop_requests"));

        Assert.Contains(">paid<", await shop.PageAsync(await shop.SendAsync($"/orders/{OrderOf(placed)}/payment")), StringComparison.Ordinal);
        Assert.Contains("is paid already", await shop.PageAsync(await shop.SendAsync($"/orders/{OrderOf(placed)}/payment")), StringComparison.Ordinal);
        Assert.Contains("15 left", await shop.PageAsync(await shop.SendAsync("/stock/lamp", ("quantity", "5"))), StringComparison.Ordinal);
        var refused = await shop.PageAsync(await shop.SendAsync("/orders", [.. form[..2], ("quantity", "16"), ("requestId", Guid.NewGuid().ToString())]));
        Assert.All(
            ["only 15 left", "name=\"customer\" value=\"Ada &lt;b&gt;\"", "value=\"lamp\" selected", "value=\"16\""],
            word => Assert.Contains(word, refused, StringComparison.Ordinal));
        await Eventually.TrueAsync(async () => (await shop.PageAsync("/customers")).Contains("Ada &lt;b&gt;", StringComparison.Ordinal), TimeSpan.FromSeconds(10), "the customer is known");
        Assert.Equal("Healthy", await shop.PageAsync("/health/ready"));
        Assert.Contains("pupsourcing_events_processed_total{projection_name=\"orders\"}", await shop.PageAsync("/metrics"), StringComparison.Ordinal);
        Assert.Equal(0, await shop.TerminateAsync());
    }

    [Fact]
    public async Task Of_many_orders_for_the_last_pieces_as_many_are_accepted_as_there_are_pieces()
    {
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        await using var shop = ShopProcess.Start(database.ConnectionString);
        await shop.OpenAsync();

        // Three desks, and no more.
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(number => shop.OrderAsync($"customer {number}", "desk", 1)));

        // Created, or accepted: then the order is safe, and its page a moment late.
        Assert.Equal(3, answers.Count(answer => answer.StatusCode is HttpStatusCode.Created or HttpStatusCode.Accepted));
        Assert.Equal(37, answers.Count(answer => answer.StatusCode == HttpStatusCode.Conflict));
        Assert.Contains("sold out", await answers.First(answer => answer.StatusCode == HttpStatusCode.Conflict).Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Equal(3, await database.ScalarAsync<long>("select count(*) from events where event_type = 'StockReserved'"));
        await LagIsZeroAsync(database);
        Assert.Equal("desk 0 3", await database.ScalarAsync<string>("select article || ' ' || available || ' ' || sold from shop_stock where sold_out_at is not null"));
        Assert.Equal(3, await database.ScalarAsync<long>("select count(*) from shop_orders where article = 'desk'"));
        Assert.Equal(3, await database.ScalarAsync<long>("select count(*) from shop_requests"));
    }

    [Fact]
    public async Task Web_and_silo_run_apart_and_what_is_written_in_one_is_seen_through_the_other()
    {
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        // The web first: it waits for the tables that the silo makes.
        await using var web = ShopProcess.Start(database.ConnectionString, "web");
        await using var silo = ShopProcess.Start(database.ConnectionString, "silo");
        await web.OpenAsync();

        using var answer = await web.OrderAsync("Ada", "pen", 2);

        Assert.True(answer.StatusCode == HttpStatusCode.Created, await answer.Content.ReadAsStringAsync(Token) + web.Log);
        var location = answer.Headers.Location!.ToString();
        Assert.Equal("Ada", (await web.JsonAsync(location)).GetProperty("customer").GetString());
        Assert.Contains("\"available\":38", (await web.JsonAsync("/api/stock")).GetRawText(), StringComparison.Ordinal);

        // Nothing is lost while no silo runs; the next one goes on.
        Assert.Equal(0, await silo.TerminateAsync());
        using var paid = await web.Client.PostAsync(new Uri(location + "/payment", UriKind.Relative), null, Token);
        Assert.Equal(HttpStatusCode.Accepted, paid.StatusCode);
        await using var next = ShopProcess.Start(database.ConnectionString, "projections");
        await next.LeadsToAsync(async () => (await web.JsonAsync(location)).GetProperty("isPaid").GetBoolean(), "the payment is shown");
    }

    [Fact]
    public async Task A_load_is_placed_at_its_rate_and_all_read_models_have_its_sums()
    {
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        await using var shop = ShopProcess.Start(database.ConnectionString);
        await shop.OpenAsync();
        await using var load = ShopProcess.Start(database.ConnectionString, "load", "--rate", "100", "--seconds", "5", "--json");

        Assert.True(await load.EndAsync() == 0, load.Log);

        var result = JsonSerializer.Deserialize<JsonElement>(load.Output);
        var (orders, payments) = (result.GetProperty("orders").GetInt64(), result.GetProperty("payments").GetInt64());
        Assert.Equal((500, 0, 250), (orders, result.GetProperty("refused").GetInt64(), payments));
        Assert.InRange(result.GetProperty("seconds").GetDouble(), 4.9, 30);
        await LagIsZeroAsync(database);
        Assert.Equal("500 250 1000", await database.ScalarAsync<string>(
            "select count(*) || ' ' || count(*) filter (where paid = total) || ' ' || sum(total) from shop_orders where starts_with(article, 'load-')"));
        Assert.Equal(500, await database.ScalarAsync<long>("select sum(sold) from shop_stock where starts_with(article, 'load-')"));
        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from shop_stock where available < 0"));
        Assert.Equal("500 1000", await database.ScalarAsync<string>(
            "select sum((document ->> 'orders')::int) || ' ' || sum((document ->> 'spent')::numeric) from customers_documents"));
        Assert.Equal(result.GetProperty("amount").GetDecimal(), await database.ScalarAsync<decimal>("select sum(total) from shop_orders"));
    }

    [Fact]
    public async Task What_cannot_be_meant_is_a_sentence()
    {
        await using var unknown = ShopProcess.Start("", "wbe");
        Assert.Equal(2, await unknown.EndAsync());
        Assert.Contains("'wbe' is no command", unknown.Log, StringComparison.Ordinal);
        await using var nowhere = ShopProcess.Start("");
        Assert.Equal(2, await nowhere.EndAsync());
        Assert.Contains("set DATABASE_URL", nowhere.Log, StringComparison.Ordinal);
        await using var help = ShopProcess.Start("", "--help");
        Assert.Equal(0, await help.EndAsync());
        Assert.Contains("Shop load --rate 500 --seconds 10", help.Output, StringComparison.Ordinal);
        await using var malformed = ShopProcess.Start("nonsense");
        Assert.Equal(1, await malformed.EndAsync());
        Assert.StartsWith("Shop: DATABASE_URL: The database address is malformed", malformed.Log, StringComparison.Ordinal);
        await using var stranger = ShopProcess.Start(new NpgsqlConnectionStringBuilder(server.ConnectionString("postgres")) { Username = "nobody_here" }.ConnectionString);
        Assert.Equal(1, await stranger.EndAsync());
        Assert.StartsWith("Shop: The database refused", stranger.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(" at ", stranger.Log + stranger.Output + malformed.Log + malformed.Output, StringComparison.Ordinal);
        await using var slow = ShopProcess.Start("", "load", "--rate", "0");
        Assert.NotEqual(0, await slow.EndAsync());
        Assert.Contains("--rate is between 1 and 10000", slow.Log + slow.Output, StringComparison.Ordinal);
    }

    private static async Task LagIsZeroAsync(TestDatabase database)
    {
        var end = await database.ScalarAsync<long>("select max(global_position) from events");
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select min(last_global_position) from projection_checkpoints") >= end, TimeSpan.FromSeconds(60), "lag 0");
    }

    private static string OrderOf(string location) => location.Split("order=")[1].Split('&')[0];
}
