using System.Text;
using Pup.Client;
using Pup.Client.Operations;
using Pup.Grains;
using Pup.Tests.Support;

namespace Pup.Tests.Operations;

/// <summary>Dead letters as an operator sees and settles them, through the client.</summary>
public sealed class DeadLetterTests(PostgresServer server)
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    private volatile bool _broken = true;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_retry_applies_what_is_parked_exactly_once_and_in_order_while_new_events_of_the_key_keep_arriving()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 300, 10);
        await EventLog.AppendOneAsync(database, "a3", "poison");
        await EventLog.AppendAsync(database, 300, 10);
        await using var cluster = await SiloCluster.StartAsync(database, Poisoned(), static options => (options.Partitions, options.BatchSize) = (2, 20));
        await cluster.UntilAsync("ledger", report => report.Condition == ProjectionCondition.Parked && report.Lag == 0, "parked");
        Assert.Equal((1, 31L), await cluster.Projections.GetAsync("ledger", Token) is var report ? (report.ParkedKeys, report.DeadLetters) : default);
        PupActor.Set("ann");

        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var appending = AppendAsync(database, "a3", enough.Token);
        _broken = false;
        Assert.InRange(await cluster.Projections.RetryDeadLettersAsync("ledger", new() { OrderingKey = "a3" }, Token), 31, 1_000);
        await cluster.UntilAsync("ledger", static report => report.DeadLetters == 0, "no dead letters");
        await enough.CancelAsync();
        await appending;

        await cluster.UntilAsync("ledger", ProjectionCondition.CaughtUp);
        await Ledger.AssertExactAsync(database);
        Assert.Equal(
            "ann retry dead letters done a3",
            await database.ScalarAsync<string>("select concat_ws(' ', actor, action, result, detail ->> 'OrderingKey') from projection_audit where (detail ->> 'count')::int >= 31"));
    }

    [Fact]
    public async Task Dead_letters_are_listed_by_page_key_and_error_and_shown_with_the_payload_of_their_event()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendOneAsync(database, "a1", "poison one");
        await EventLog.AppendOneAsync(database, "a2", "poison two");
        await EventLog.AppendOneAsync(database, "a1", "{}");
        await EventLog.AppendOneAsync(database, "a3", "{}");
        await using var cluster = await SiloCluster.StartAsync(database, Poisoned());
        await cluster.UntilAsync("ledger", static report => report.DeadLetters == 3, "three dead letters");

        var all = await ListAsync(cluster, DeadLetterFilter.All);
        Assert.Equal([("a1", 1L, "failed"), ("a2", 2L, "failed"), ("a1", 3L, "queued")], all.Select(letter => (letter.OrderingKey, letter.Position, letter.Status)).OrderBy(letter => letter.Position));
        var page = await ListAsync(cluster, new() { Limit = 2 });
        Assert.Equal(all, [.. page, .. await ListAsync(cluster, new() { Limit = 2, After = page[^1].Id })]);
        Assert.Equal([1L, 3L], (await ListAsync(cluster, new() { OrderingKey = "a1" })).Select(letter => letter.Position));
        var two = Assert.Single(await ListAsync(cluster, new() { Error = "poison two" }));
        Assert.Equal((2L, 3), (two.Position, two.Attempts));
        Assert.DoesNotContain('\n', two.Error!);

        var details = await cluster.Projections.FindDeadLetterAsync("ledger", two.Id, Token);
        Assert.Equal("poison two", Encoding.UTF8.GetString(details!.Event!.Payload.Span));
        Assert.Equal((two.EventId, "a2"), (details.Event.EventId, details.Event.AggregateId));
        Assert.StartsWith(two.Error!, details.FullError, StringComparison.Ordinal);
        Assert.Contains('\n', details.FullError!);
        Assert.Null(await cluster.Projections.FindDeadLetterAsync("ledger", 4_711, Token));
        await database.ExecuteAsync("delete from events where global_position = 2");
        Assert.Null((await cluster.Projections.FindDeadLetterAsync("ledger", two.Id, Token))!.Event);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => ListAsync(cluster, new() { Limit = 1_001 }));
    }

    [Fact]
    public async Task By_error_and_by_id_only_those_meant_are_retried_or_dropped()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        foreach (var (key, payload) in new[] { ("a1", "poison one"), ("a2", "poison two"), ("a3", "poison three"), ("a3", "{}") })
            await EventLog.AppendOneAsync(database, key, payload);
        await using var cluster = await SiloCluster.StartAsync(database, Poisoned(), static options => options.Partitions = 3);
        await cluster.UntilAsync("ledger", static report => report.DeadLetters == 4, "four dead letters");

        var one = Assert.Single(await ListAsync(cluster, new() { OrderingKey = "a1" }));
        Assert.Equal(1, await cluster.Projections.DiscardDeadLettersAsync("ledger", new() { Id = one.Id }, Token));
        await cluster.UntilAsync("ledger", static report => report.DeadLetters == 3, "one is dropped");
        // Still broken: what is retried stays, and says that it was tried again.
        Assert.Equal(1, await cluster.Projections.RetryDeadLettersAsync("ledger", new() { Error = "poison two" }, Token));
        await Eventually.TrueAsync(async () => (await ListAsync(cluster, new() { OrderingKey = "a2" })) is [{ Attempts: 4, Requested: null }], _patience, "tried again");

        _broken = false;
        Assert.Equal(2, await cluster.Projections.RetryDeadLettersAsync("ledger", new() { OrderingKey = "a3" }, Token));
        await cluster.UntilAsync("ledger", static report => report.DeadLetters == 1, "a3 is applied");
        Assert.Equal("3,4", await database.ScalarAsync<string>("select string_agg(global_position::text, ',' order by ord) from ledger"));
        Assert.Equal(1, await cluster.Projections.RetryDeadLettersAsync("ledger", DeadLetterFilter.All, Token));
        await cluster.UntilAsync("ledger", ProjectionCondition.CaughtUp);
        Assert.Equal(3L, await database.ScalarAsync<long>("select count(*) from ledger"));
    }

    [Fact]
    public async Task A_broken_deployment_faults_at_the_cap_and_loses_nothing_once_it_is_mended()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 1_000, 200, "poisoned");
        await using var cluster = await SiloCluster.StartAsync(database, Poisoned(), static options => options.Partitions = 2, static options => options.ParkedKeysLimit = 10);
        await cluster.UntilAsync("ledger", static report => report.Partitions.All(partition => partition.Condition == ProjectionCondition.Faulted), "every partition faulted");
        Assert.Equal(20, (await cluster.Projections.GetAsync("ledger", Token)).ParkedKeys);

        _broken = false;
        await cluster.Projections.ResumeAsync("ledger", Token);
        await cluster.Projections.RetryDeadLettersAsync("ledger", DeadLetterFilter.All, Token);

        await cluster.UntilAsync("ledger", ProjectionCondition.CaughtUp);
        await Ledger.AssertExactAsync(database);
    }

    private static Task<IReadOnlyList<DeadLetterSummary>> ListAsync(SiloCluster cluster, DeadLetterFilter filter) =>
        cluster.Projections.ListDeadLettersAsync("ledger", filter, Token);

    private static async Task AppendAsync(TestDatabase database, string key, CancellationToken enough)
    {
        while (!enough.IsCancellationRequested)
            await EventLog.AppendOneAsync(database, key);
    }

    private LedgerProjection Poisoned() => new(before: (@event, _, _) =>
        _broken && (@event.AggregateId.StartsWith("poisoned", StringComparison.Ordinal) || Encoding.UTF8.GetString(@event.Payload.Span).StartsWith("poison", StringComparison.Ordinal))
            ? throw new InvalidOperationException($"injected: {Encoding.UTF8.GetString(@event.Payload.Span)}")
            : ValueTask.CompletedTask);
}
