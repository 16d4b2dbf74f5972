using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;
using Pup.Grains;
using Pup.Grains.Feed;
using Pup.Grains.Projections;
using Pup.Tests.Support;

namespace Pup.Tests.Feed;

public sealed class PageStatementTests(PostgresServer server)
{
    public static TheoryData<string, string, string> Scopes => new()
    {
        { "", "", "" },
        { "test", "", "" },
        { "", "thing", "" },
        { "", "", "Happened,Other" },
        { "test", "thing", "Happened" },
    };

    [Fact]
    public async Task No_hot_statement_scans_the_log_and_the_generation_is_checked_once()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await Log.AppendManyAsync(database, 50_000);
        await database.ExecuteAsync("update events set event_type = 'Type ' || global_position % 20 where global_position % 3 > 0");
        await database.ExecuteAsync("vacuum analyze events");
        foreach (var row in Scopes)
        {
            var (contexts, aggregates, types) = row.Data;
            var scope = Scope(contexts, aggregates, types);
            foreach (var mode in new[] { "force_generic_plan", "force_custom_plan" })
            {
                foreach (var sql in new[] { EventSql.Plain(scope), EventSql.Measured(scope) })
                {
                    var plan = await ExplainAsync(database, sql, scope, mode);
                    Assert.DoesNotContain("Seq Scan on events", plan, StringComparison.Ordinal);
                    Assert.Single(Regex.Matches(plan, @"^\W*InitPlan", RegexOptions.Multiline));
                    Assert.Contains("One-Time Filter", plan, StringComparison.Ordinal);
                }
            }
        }

        var visible = await PlanAsync(database, "explain select coalesce(max(global_position), 0) from events", "auto");
        Assert.DoesNotContain("Seq Scan", visible, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Huge_payloads_come_a_few_at_a_time()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await Log.AppendManyAsync(database, 12, payloadBytes: 10 << 20);
        await using var feed = RunningFeed.Start(database.ConnectionString);
        await feed.MarkReachesAsync(12);
        var slices = await SlicesAsync(feed, ProjectionScope.All, 12);
        Assert.All(slices, slice => Assert.Single(slice.Events.ToArray()));
        Assert.Equal(12, slices.Count);
        Assert.All(slices, slice => Assert.Equal(10 << 20, slice.Events.Span[0].Event.Payload.Length));
    }

    [Theory]
    [InlineData(7, 3_000)]
    [InlineData(50, 400_000)]
    [InlineData(1, 40_000)]
    public async Task Large_payloads_among_small_ones_cut_pages_and_lose_nothing(int every, int bytes)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await Log.AppendManyAsync(database, 1_000);
        await database.ExecuteAsync(
            "update events set payload = convert_to(repeat('y', $2), 'utf8'), metadata = jsonb_build_object('a', repeat('z', $2 / 10)) where global_position % $1 = 0", every, bytes);
        const long pageBytes = 500_000;
        await using var feed = RunningFeed.Start(database.ConnectionString, options => options.PageBytes = pageBytes);
        await feed.MarkReachesAsync(1_000);

        foreach (var scope in new[] { ProjectionScope.All, new ProjectionScope(aggregateTypes: ["thing"]) })
        {
            var slices = await SlicesAsync(feed, scope, 1_000);
            Assert.Equal(Enumerable.Range(1, 1_000).Select(position => (long)position), slices.SelectMany(slice => slice.Events.ToArray()).Select(read => read.Event.GlobalPosition));
            Assert.All(slices, slice => Assert.True(
                slice.Events.ToArray().Sum(read => read.Event.Payload.Length) <= pageBytes + bytes, $"a slice of {slice.Events.Length} events is too large"));
        }
    }

    [Fact]
    public async Task Metadata_that_is_small_on_disk_and_large_in_memory_counts_as_large()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await Log.AppendManyAsync(database, 500);
        await database.ExecuteAsync("update events set metadata = jsonb_build_object('a', repeat('z', 100000))");
        await using var feed = RunningFeed.Start(database.ConnectionString, options => options.PageBytes = 2_000_000);
        await feed.MarkReachesAsync(500);
        var slices = await SlicesAsync(feed, ProjectionScope.All, 500);
        Assert.Equal(500, slices.Sum(slice => slice.Events.Length));
        Assert.All(slices, slice => Assert.True(slice.Events.Length <= 21, $"{slice.Events.Length} events in a slice"));
    }

    [Fact]
    public async Task Names_with_every_kind_of_character_are_found_by_a_scope()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await Log.AppendManyAsync(database, 10);
        const string name = "it's \"{a,b}\" \\ ünï ' or true --";
        await database.ExecuteAsync("update events set event_type = $1 where global_position = 4", name);
        await using var feed = RunningFeed.Start(database.ConnectionString);
        await feed.MarkReachesAsync(10);
        Assert.Equal(4, Assert.Single(await feed.ReadAsync(0, 10, new ProjectionScope(eventTypes: [name]))).Event.GlobalPosition);
        Assert.Empty(await feed.ReadAsync(0, 10, new ProjectionScope(eventTypes: ["no such type"])));
    }

    private static ProjectionScope Scope(string contexts, string aggregates, string types) => new(Split(contexts), Split(aggregates), Split(types));

    private static string[] Split(string names) => names.Split(',', StringSplitOptions.RemoveEmptyEntries);

    private static async Task<List<FeedSlice>> SlicesAsync(RunningFeed feed, ProjectionScope scope, long upTo)
    {
        var generation = await feed.GenerationAsync();
        var slices = new List<FeedSlice>();
        for (var position = 0L; position < upTo; position = slices[^1].UpTo)
            slices.Add(await feed.Feed.ReadAsync(generation, scope, position, TestContext.Current.CancellationToken));
        return slices;
    }

    private static Task<string> ExplainAsync(TestDatabase database, string sql, ProjectionScope scope, string mode)
    {
        var names = string.Concat(EventSql.Parameters(scope).Select(values => $", array['{string.Join("','", values)}']"));
        var types = string.Concat(EventSql.Parameters(scope).Select(_ => ", text[]"));
        return PlanAsync(
            database,
            string.Create(CultureInfo.InvariantCulture, $"prepare p(bigint, bigint, bigint, bigint, int{types}) as {sql}; explain execute p(1, 20000, 24096, 100000, 8192{names}); deallocate p"),
            mode);
    }

    private static async Task<string> PlanAsync(TestDatabase database, string sql, string mode)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString + $";Pooling=false;Options=-c plan_cache_mode={mode}");
        await connection.OpenAsync();
        var plan = new List<string>();
        foreach (var statement in sql.Split(';'))
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
                plan.Add(reader.GetString(0));
        }

        return string.Join('\n', plan);
    }
}
