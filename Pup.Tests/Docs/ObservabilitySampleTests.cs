using Pup.Client.Events;
using Pup.Grains.Testing;
using Pup.Tests.Docs.Samples;
using Pup.Tests.Support;

namespace Pup.Tests.Docs;

/// <summary>Tables that are computed ahead say what the log would say, asked then.</summary>
public sealed class ObservabilitySampleTests(PostgresServer server)
{
    // Each line a row; both say the same, one by the log and one by the table.
    private const string MinutesByLog = """
        select string_agg(line, e'\n' order by line collate "C") from (
            select concat_ws(' ', extract(epoch from date_trunc('minute', created_at))::bigint, aggregate_type, event_type, count(*)) as line
            from events group by date_trunc('minute', created_at), aggregate_type, event_type) as lines
        """;

    private const string Minutes = """
        select string_agg(line, e'\n' order by line collate "C") from (
            select concat_ws(' ', extract(epoch from minute)::bigint, aggregate_type, event_type, events) as line from events_per_minute) as lines
        """;

    private const string LastByLog = """
        select string_agg(line, e'\n' order by line collate "C") from (
            select distinct on (aggregate_type) concat_ws(' ', aggregate_type, event_type, aggregate_id, global_position, created_at) as line
            from events order by aggregate_type, global_position desc) as lines
        """;

    private const string Last = """
        select string_agg(line, e'\n' order by line collate "C") from (
            select concat_ws(' ', aggregate_type, event_type, aggregate_id, position, created_at) as line from last_events) as lines
        """;

    private const string Recent = "select count(*) from events where event_type = $1 and created_at > now() - interval '30 minutes'";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Events_per_minute_and_the_last_of_each_type_are_as_the_log_has_them()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var now = TimeProvider.System.GetUtcNow();
        await using var engine = TestEngine.Start(database.ConnectionString, options => options.BatchSize = 20);
        var runners = await engine.RunAsync(() => new LogActivity(), partitions: 3);
        // Payments two hours ago; orders too, at first, and then in the last five minutes.
        await AppendAsync(database, 0, 150, _ => now.AddHours(-2));
        await AppendAsync(database, 150, 150, number => number % 3 == 0 ? now.AddHours(-2) : now.AddSeconds(number - 450));
        await engine.CaughtUpAsync(database);

        Assert.True(runners.Count(runner => runner.Journal.Events > 0) > 1, "one partition did all the work");
        Assert.Equal(300, await database.ScalarAsync<decimal>("select sum(events) from events_per_minute"));
        Assert.Equal(await database.ScalarAsync<string>(MinutesByLog), await database.ScalarAsync<string>(Minutes));
        Assert.Equal(await database.ScalarAsync<string>(LastByLog), await database.ScalarAsync<string>(Last));

        await using var connection = await database.DataSource.OpenConnectionAsync(Token);
        var added = await database.ScalarAsync<long>(Recent, "Added");
        var changed = await database.ScalarAsync<long>(Recent, "Changed");
        Assert.Equal(100, added + changed);
        Assert.Equal([("Added", added), ("Changed", changed)], await ObservabilitySamples.RatesAsync(connection, TimeSpan.FromMinutes(30)));
        Assert.Equal(["Payment"], await ObservabilitySamples.SilentAsync(connection, TimeSpan.FromHours(1)));
    }

    [Fact]
    public async Task They_are_the_same_after_a_rebuild_and_with_other_batches()
    {
        await using var kit = await ProjectionTestKit.StartAsync(server.ConnectionString("postgres"), cancellationToken: Token);
        for (var number = 0; number < 60; number++)
            kit.Given("Sales", TypeOf(number), $"a{number % 5}", EventOf(number));

        await kit.VerifyRebuildAsync<LogActivity>();
        await kit.VerifyBatchingAsync<LogActivity>();
    }

    private static async Task AppendAsync(TestDatabase database, int from, int count, Func<int, DateTimeOffset> createdAt)
    {
        var store = new EventStore(database.DataSource);
        for (var number = from; number < from + count; number++)
            await store.AppendAsync("Sales", TypeOf(number), $"a{number % 11}", ExpectedVersion.Any, [EventOf(number) with { CreatedAt = createdAt(number) }], Token);
    }

    private static string TypeOf(int number) => number % 3 == 0 ? "Payment" : "Order";

    private static Event EventOf(int number) => new() { EventType = number % 4 == 0 ? "Changed" : "Added", Payload = "{}"u8.ToArray() };
}
