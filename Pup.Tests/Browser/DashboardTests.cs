using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Pup.Tests.Scenarios.Cluster;
using Pup.Tests.Support;

namespace Pup.Tests.Browser;

/// <summary>Orleans' dashboard of a real silo, as an operator sees it.</summary>
public sealed partial class DashboardTests(PostgresServer server)
{
    private const string Partition = "Pup.Grains.Partitions.ProjectionPartitionGrain";

    private const string LogEnd = "select max(global_position) from events";

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task An_operator_sees_grains_reminders_and_a_partitions_state_and_no_payload()
    {
        Assert.SkipWhen(Chromium.IsMissing, Chromium.Missing);
        await using var database = await TestDatabase.CreateAsync(server);
        // Refuses one aggregate, and quotes its row in the error.
        await database.ExecuteAsync("""
            create table ledger (global_position bigint not null, projection text not null, aggregate_id text not null,
                aggregate_version bigint not null, ord bigint generated always as identity, check (aggregate_id <> 'planted-key'))
            """);
        await EventLog.AppendAsync(database, 200, 20);
        await EventLog.AppendOneAsync(database, "planted-key", "planted-payload");
        await using var silo = SiloProcess.Start(database.ConnectionString, "run", "--http=127.0.0.1:0", "--total-partitions=4");
        await silo.SaysAsync("listening on");
        await Eventually.TrueAsync(
            async () => await database.ScalarAsync<long>("select count(*) from projection_dead_letters") == 1, TimeSpan.FromSeconds(60), "one key is parked");
        var dashboard = Address().Match(silo.Log()).Value + "/dashboard";
        await using var chromium = await Chromium.StartAsync();
        var page = chromium.Page;

        await page.GotoAsync(dashboard + "#/grains");
        await page.GetByText("ProjectionPartitionGrain").First.WaitForAsync();
        await SeesAsync(chromium, "dashboard-grains", "ProjectionPartitionGrain");
        await page.GotoAsync("about:blank");
        await page.GotoAsync(dashboard + "#/reminders");
        await page.GetByText("projectionpartition/counter/3").First.WaitForAsync();
        await SeesAsync(chromium, "dashboard-reminders", "projectionpartition/ledger/0", "projectionpartition/counter/3");
        foreach (var (type, key) in new[] { ("Partitions.ProjectionPartitionGrain", "ledger/0"), ("Partitions.ProjectionPartitionGrain", "ledger/1"), ("Partitions.ProjectionPartitionGrain", "ledger/2"), ("Partitions.ProjectionPartitionGrain", "ledger/3"), ("Coordination.ProjectionGrain", "ledger") })
        {
            // What its page of grain details asks for; opened as a page of its own, the browser would want an icon for it, and find none.
            var state = await page.EvaluateAsync<string>("url => fetch(url).then(answer => answer.text())", $"{dashboard}/GrainState?grainType=Pup.Grains.{type}&grainId={key}");
            Assert.All(["GetState", "Projection", "ledger", "State", "Position"], word => Assert.Contains(word, state, StringComparison.Ordinal));
            WithholdsSecrets(state);
        }

        Assert.Empty(chromium.Complaints);
    }

    [Fact]
    public async Task Grain_details_tell_state_position_and_lag_as_they_are()
    {
        Assert.SkipWhen(Chromium.IsMissing, Chromium.Missing);
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 200, 20);
        await using var silo = SiloProcess.Start(database.ConnectionString, "run", "--http=127.0.0.1:0", "--total-partitions=2");
        await silo.SaysAsync("listening on");
        var address = Address().Match(silo.Log()).Value;
        await using var chromium = await Chromium.StartAsync(width: 1600, height: 800);
        var page = chromium.Page;
        await page.GotoAsync(address + "/dashboard#/grainDetails");

        var end = await database.ScalarAsync<long>(LogEnd);
        await Eventually.TrueAsync(async () => await DetailsAsync(page, Partition, "ledger/1") is { State: "Running" } caughtUp && caughtUp.Position == end, _patience, "caught up");
        Assert.Equal(new Details("ledger", 1, "Running", end, 0), await DetailsAsync(page, Partition, "ledger/1"));

        await PostAsync(address + "/pup/projections/ledger/pause");
        await Eventually.TrueAsync(async () => (await DetailsAsync(page, Partition, "ledger/1")).State == "Halted", _patience, "halted");
        await EventLog.AppendAsync(database, 50, 20);
        Assert.Equal(end + 50, await database.ScalarAsync<long>(LogEnd));
        await Eventually.TrueAsync(async () => (await DetailsAsync(page, Partition, "ledger/1")).Lag >= 50, _patience, "the silo has looked again");
        Assert.Equal(new Details("ledger", 1, "Halted", end, 50), await DetailsAsync(page, Partition, "ledger/1"));
        await page.EvaluateAsync("scrollTo(0, 0)");
        await chromium.PictureAsync("dashboard-grain");
        Assert.Equal(new Details("ledger", null, "paused", null, 50), await DetailsAsync(page, "Pup.Grains.Coordination.ProjectionGrain", "ledger"));

        await PostAsync(address + "/pup/projections/ledger/resume");
        await Eventually.TrueAsync(async () => (await DetailsAsync(page, Partition, "ledger/1")).Lag == 0, _patience, "caught up again");
        Assert.Equal(new Details("ledger", 1, "Running", end + 50, 0), await DetailsAsync(page, Partition, "ledger/1"));
        Assert.Empty(chromium.Complaints);

        // The two that a browser has: the live trace, which is switched off, and the icon that it wants for an address that is no page.
        await page.GotoAsync("about:blank");
        await page.GotoAsync(address + "/dashboard#/trace");
        await page.GetByText("The trace endpoint is disabled").WaitForAsync();
        await ComplainsAsync(chromium, "403", "/dashboard/Trace");
        await page.GotoAsync($"{address}/dashboard/GrainState?grainType={Partition}&grainId=ledger/1");
        await ComplainsAsync(chromium, "404", address + "/favicon.ico");
    }

    private static async Task ComplainsAsync(Chromium chromium, params string[] words)
    {
        await Eventually.TrueAsync(() => chromium.Complaints.Count > 0, _patience, $"complains: {string.Join(' ', words)}");
        Assert.All(words, word => Assert.Contains(word, Assert.Single(chromium.Complaints), StringComparison.Ordinal));
        chromium.Complaints.Clear();
    }

    /// <summary>As an operator does: chooses the type, enters the key, asks, and reads.</summary>
    private static async Task<Details> DetailsAsync(IPage page, string type, string key)
    {
        await page.GetByRole(AriaRole.Combobox).SelectOptionAsync(type);
        await page.GetByPlaceholder("Grain Id").FillAsync(key);
        var answer = await page.RunAndWaitForResponseAsync(
            () => page.GetByRole(AriaRole.Button, new() { Name = "Show Details" }).ClickAsync(), answer => answer.Url.Contains("GrainState", StringComparison.Ordinal));
        // A text of JSON, as JSON.
        var asked = JsonSerializer.Deserialize<string>(await answer.TextAsync())!;
        // Until then it shows what was asked before.
        await Eventually.TrueAsync(async () => Lines(await page.Locator("pre").InnerTextAsync()) == Lines(asked), _patience, "the page shows the answer");
        var state = JsonSerializer.Deserialize<JsonElement>(asked).GetProperty("GetState");
        return state.Deserialize<Details>()!;
    }

    private static string Lines(string text) => text.ReplaceLineEndings("\n").Trim();

    private static async Task PostAsync(string address)
    {
        using var client = new HttpClient();
        using var answer = await client.PostAsync(new Uri(address), JsonContent.Create<object?>(null));
        Assert.True(answer.IsSuccessStatusCode, $"{address}: {answer.StatusCode}");
    }

    private async Task SeesAsync(Chromium chromium, string picture, params string[] words)
    {
        var text = await chromium.Page.InnerTextAsync("body");
        await chromium.PictureAsync(picture);
        Assert.All(words, word => Assert.Contains(word, text, StringComparison.Ordinal));
        WithholdsSecrets(text);
    }

    private void WithholdsSecrets(string text)
    {
        foreach (var secret in new[] { "planted-payload", "planted-key", server.Password })
            Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
    }

    private sealed record Details(string Projection, int? Partition, string State, long? Position, long? Lag);

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+")]
    private static partial Regex Address();
}
