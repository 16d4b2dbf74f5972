using System.Text.RegularExpressions;
using Pup.Tests.Scenarios.Cluster;
using Pup.Tests.Support;

namespace Pup.Tests.Browser;

/// <summary>Orleans' dashboard of a real silo, as an operator sees it.</summary>
public sealed partial class DashboardTests(PostgresServer server)
{
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
            // What its page of grain details asks for; opened as a page of its own, the browser would want an icon for it.
            var state = await page.EvaluateAsync<string>("url => fetch(url).then(answer => answer.text())", $"{dashboard}/GrainState?grainType=Pup.Grains.{type}&grainId={key}");
            Assert.All(["GetState", "Projection", "ledger", "State", "Position"], word => Assert.Contains(word, state, StringComparison.Ordinal));
            WithholdsSecrets(state);
        }

        Assert.Empty(chromium.Complaints);
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

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+")]
    private static partial Regex Address();
}
